# Scans that are killed and go on (bench/score/kills.py): each must come out as the undisturbed one; in a network namespace of
# its own (root). Its deadlines are long, and nothing in it depends on speed.
function(add_kills name timeout)
  add_test(NAME ${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/bench/score/kills.py --quiet ${ARGN})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${STS_TEST_ENV};PYTHONDONTWRITEBYTECODE=1" LABELS kills TIMEOUT ${timeout})
endfunction()

add_kills(kills 900 --names 1500 --runs 3 --stop kill)
add_kills(kills_mixed 900 --names 1500 --runs 3 --stop mixed --threads 4 --seed 2)
if(STS_FULL)
  add_kills(kills_100 14400 --names 20000 --runs 100)
  foreach(stop int term mixed)
    add_kills(kills_many_${stop} 7200 --names 20000 --runs 25 --threads 4 --stop ${stop})
  endforeach()
endif()
