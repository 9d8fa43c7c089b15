# AIRLOCK_VERSION: from the git tag vX.Y.Z. X.Y.Z at the tag itself, X.Y.Z-N-gCOMMIT after it; the project's VERSION with
# "-dev" where there is no tag or no git (an archive of the sources).
function(airlock_version result)
  set(${result} "${PROJECT_VERSION}-dev" PARENT_SCOPE)
  find_program(GIT git)
  if(NOT GIT OR NOT EXISTS ${CMAKE_SOURCE_DIR}/.git)
    return()
  endif()
  execute_process(COMMAND ${GIT} -C ${CMAKE_SOURCE_DIR} describe --tags --match "v[0-9]*"
    OUTPUT_VARIABLE description OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed AND description MATCHES "^v([0-9].*)$")
    set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  endif()
  # A new tag or commit configures again.
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/.git/HEAD)
endfunction()
