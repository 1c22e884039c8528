# Lint, fuzz and valgrind: what judges the code rather than what it does.

option(STS_FULL "also register the slow tests" OFF)
if(STS_FULL)
  set(STS_DEEP " deep")
endif()
set(STS_LINTS format=format.sh includes=includes.py banned=banned.py size=size.py cppcheck=cppcheck.sh
              "clang=compiled.py clang" "tidy=compiled.py tidy${STS_DEEP}" selftest=selftest.py)
foreach(lint ${STS_LINTS})
  string(REGEX MATCH "^([a-z]+)=(.*)$" lint ${lint})
  set(name lint_${CMAKE_MATCH_1})
  separate_arguments(words UNIX_COMMAND ${CMAKE_MATCH_2})
  add_test(NAME ${name} COMMAND nice -n 19 ${CMAKE_CURRENT_SOURCE_DIR}/lint/${words})
  set_tests_properties(${name} PROPERTIES LABELS lint SKIP_RETURN_CODE 77 TIMEOUT 900
                       ENVIRONMENT "SOURCE_DIR=${CMAKE_SOURCE_DIR};BUILD_DIR=${CMAKE_BINARY_DIR}")
endforeach()
# These use all cores themselves, as far as the tests beside them, most of which wait, leave them to anybody.
set_tests_properties(lint_tidy PROPERTIES COST 2000)
set_tests_properties(lint_cppcheck lint_clang PROPERTIES COST 800)

foreach(source ${UNIT_SOURCES})
  get_filename_component(unit ${source} NAME_WE)
  set_tests_properties(${unit} PROPERTIES LABELS unit)
endforeach()

# Fuzz targets: tests/fuzz/fuzz_NAME.c, with libFuzzer by `./dev fuzz`, else as a test that replays tests/fuzz/corpus/NAME.
file(GLOB FUZZ_SOURCES CONFIGURE_DEPENDS fuzz/fuzz_*.c)
add_custom_target(fuzzers)
foreach(source ${FUZZ_SOURCES})
  get_filename_component(target ${source} NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" short ${target})
  add_executable(${target} ${source})
  if(short MATCHES "^sim_")
    target_link_libraries(${target} PRIVATE sim)
  else()
    target_link_libraries(${target} PRIVATE analysis scanner)
  endif()
  target_compile_definitions(${target} PRIVATE DATA="${CMAKE_SOURCE_DIR}/data")
  add_dependencies(fuzzers ${target})
  if(STS_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${target} PRIVATE fuzz/replay.c)
    file(GLOB corpus CONFIGURE_DEPENDS fuzz/corpus/${short})
    add_test(NAME ${target} COMMAND ${target} ${corpus})
    set_tests_properties(${target} PROPERTIES LABELS unit)
  endif()
endforeach()

# The units again under valgrind, for `./dev test --full`; in a build without sanitizers.
if(STS_FULL)
  foreach(source ${UNIT_SOURCES})
    get_filename_component(unit ${source} NAME_WE)
    add_test(NAME valgrind_${unit} COMMAND valgrind --quiet --error-exitcode=99 --leak-check=full
                                           --errors-for-leak-kinds=definite,indirect $<TARGET_FILE:${unit}>)
    set_tests_properties(valgrind_${unit} PROPERTIES LABELS "unit;valgrind" TIMEOUT 600 ENVIRONMENT UNDER_VALGRIND=1)
  endforeach()
endif()
