# cmake -DIN=file -DOUT=file.c -DNAME=symbol -P embed_lines.cmake
# The words of a text file, without comments, as const char *const NAME[] that NULL ends.
file(READ ${IN} text)
string(REGEX REPLACE "#[^\n]*" "" text "${text}") # before it is a list: a comment may hold ";" and brackets
string(REGEX MATCHALL "[^ \t\r\n]+" words "${text}")
set(rows "")
foreach(word IN LISTS words)
  string(APPEND rows "    \"${word}\",\n")
endforeach()
get_filename_component(source ${IN} NAME)
file(WRITE ${OUT} "/* Made from ${source}. */
extern const char *const ${NAME}[];
const char *const ${NAME}[] = {
${rows}    0,
};
")
