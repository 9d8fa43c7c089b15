# airlock_warnings: an interface target with the warnings for all targets.
add_library(airlock_warnings INTERFACE)
target_compile_options(airlock_warnings INTERFACE
  -Wall -Wextra -Wpedantic
  -Wshadow              # a name that hides another is misleading
  -Wconversion          # sizes and offsets are 64 bits: a silent narrowing corrupts a bundle
  -Wsign-conversion
  -Wold-style-cast
  -Wnon-virtual-dtor
  -Woverloaded-virtual
  -Wsuggest-override
  -Wformat=2
  # With std's containers inlined, g++ 12 reports false positives.
  $<$<CONFIG:Debug>:-Wnull-dereference>
  -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(airlock_warnings INTERFACE -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast)
endif()
if(AIRLOCK_WERROR)
  target_compile_options(airlock_warnings INTERFACE -Werror)
endif()
