# airlock_warnings: an interface target with the warnings every target of ours is compiled with.
add_library(airlock_warnings INTERFACE)
target_compile_options(airlock_warnings INTERFACE
  -Wall -Wextra -Wpedantic
  -Wshadow              # a name that hides another is read wrongly
  -Wconversion          # sizes and offsets are 64 bits: a silent narrowing corrupts a bundle
  -Wsign-conversion
  -Wold-style-cast
  -Wnon-virtual-dtor
  -Woverloaded-virtual
  -Wsuggest-override
  -Wformat=2
  # Once std's containers are inlined g++ 12 sees null where there is none.
  $<$<CONFIG:Debug>:-Wnull-dereference>
  -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(airlock_warnings INTERFACE -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast)
endif()
if(AIRLOCK_WERROR)
  target_compile_options(airlock_warnings INTERFACE -Werror)
endif()
