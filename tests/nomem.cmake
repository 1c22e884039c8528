# Allocations that fail, one a scan (bench/score/nomem.py); in a network namespace of its own (root). Not for ThreadSanitizer,
# which takes the place of malloc() in a way that leaves no room for another.
if(STS_TSAN)
  return()
endif()
add_library(nomem MODULE nomem.c)
set_target_properties(nomem PROPERTIES PREFIX "")
target_link_libraries(nomem PRIVATE ${CMAKE_DL_LIBS})

function(add_nomem name timeout)
  add_test(NAME ${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/bench/score/nomem.py ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS kills TIMEOUT ${timeout}
                       ENVIRONMENT "${STS_TEST_ENV};NOMEM=$<TARGET_FILE:nomem>;PYTHONDONTWRITEBYTECODE=1")
endfunction()

add_nomem(nomem 600 --every 100)
add_nomem(nomem_own 600 --own --every 12)
if(STS_FULL)
  add_nomem(nomem_every 7200)
  add_nomem(nomem_for_good 7200 --own --count 1000000000)
  add_nomem(nomem_everything 14400 --everything --random 1000)
  add_nomem(nomem_everything_own 14400 --everything --own)
endif()
