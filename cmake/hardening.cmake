# airlock_hardening: compile and link options for programs that read untrusted data; or the sanitizers instead.
add_library(airlock_hardening INTERFACE)
if(AIRLOCK_SANITIZE)
  # -fno-sanitize-recover: a finding fails the test.
  set(flags -fsanitize=${AIRLOCK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_compile_options(airlock_hardening INTERFACE ${flags} -g)
  target_link_options(airlock_hardening INTERFACE ${flags})
  # Code from the sanitizers causes false positives in gcc (std::regex, GCC bug 105562). The dev preset keeps the first
  # warning, the release preset the second.
  target_compile_options(airlock_warnings INTERFACE -Wno-null-dereference
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
else()
  target_compile_definitions(airlock_hardening INTERFACE
    _GLIBCXX_ASSERTIONS
    $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
  target_compile_options(airlock_hardening INTERFACE -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  target_link_options(airlock_hardening INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
