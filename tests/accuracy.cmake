# The score (bench/score/accuracy.py): scans of the simulated internet, every answer held against the truth; in a network
# namespace of its own (root). It has deadlines, so nothing else runs beside it.
function(add_accuracy name timeout)
  add_test(NAME ${name} COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/bench/score/accuracy.py --quiet ${ARGN})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${STS_TEST_ENV};PYTHONDONTWRITEBYTECODE=1" LABELS accuracy
                       RUN_SERIAL ON TIMEOUT ${timeout})
endfunction()

add_accuracy(accuracy 300 --names 500 --profile every --oversample sts=1 -- --attempts 2)
if(STS_FULL)
  foreach(seed 1 2 3)
    add_accuracy(accuracy_toplist_${seed} 900 --names 20000 --profile toplist --seed ${seed})
  endforeach()
  add_accuracy(accuracy_zone 900 --names 20000 --profile zone)
  add_accuracy(accuracy_sampling 900 --names 20000 --profile toplist --sampling)
  add_accuracy(accuracy_classes 7200 --names 40 --only all)
endif()
