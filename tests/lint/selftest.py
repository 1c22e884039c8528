#!/usr/bin/python3
"""Each lint must refuse a small bad tree and accept the good one: a lint that cannot fail is worth nothing."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import source

HERE = os.path.dirname(os.path.abspath(__file__))

GOOD = {
    "sinks/base.h": "#ifndef BASE_H\n#define BASE_H\nint base_add(int a, int b);\n#endif\n",
    "sinks/base.c": '#include "sinks/base.h"\n\nint base_add(int a, int b)\n{\n    return a + b;\n}\n',
    "scanner/reply.h": '#ifndef REPLY_H\n#define REPLY_H\n#include "sinks/base.h"\nint reply_code(int n);\n#endif\n',
    "scanner/reply.c": '#include "scanner/reply.h"\n\nint reply_code(int n)\n{\n    return base_add(n, 200);\n}\n',
    "scanner/main.c": "#include <stdlib.h>\n\nint main(void)\n{\n    exit(0);\n}\n",
    "analysis/sts.c": '/* strcpy(a, b) in a comment */\nextern const char *sts_text;\n'
                      'const char *sts_text = "atoi(\\"x\\")";\n',
    "bench/limits/ours.c": '#include "scanner/reply.h"\n\nint main(void)\n{\n    return reply_code(0);\n}\n',
    "tests/lint/pure.txt": "scanner/reply  # a comment\n",
}
HEAD = '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n'


def function(lines):
    body = "".join(f"    n += {i % 7};\n" for i in range(lines - 1))
    return f"int base_add(int n, int b);\n\nint base_add(int n, int b)\n{{\n    (void)b;\n{body}    return n;\n}}\n"


BRANCHES = "".join(f"    for (int i = 0; i < n; i++)\n        if (n > {i} && (n < 9 || n == {i + 2}))\n            n--;\n"
                   for i in range(14))

# lint, what is bad, file, its text, a word that the lint must say (so that it fails for the right reason)
BAD = [
    ("format", "indentation", "sinks/base.c", "int  x ;\n", "clang-format-violations"),
    ("format", "a test", "tests/unit/test_x.c", "int  x ;\n", "clang-format-violations"),
    ("includes", "scanner sees analysis", "scanner/reply.c", '#include "analysis/sts.h"\n', "must not include"),
    ("includes", "analysis sees scanner", "analysis/sts.c", '#include "scanner/reply.h"\n', "must not include"),
    ("includes", "sinks see scanner", "sinks/base.c", '#  include "scanner/reply.h"\n', "must not include"),
    ("includes", "sinks see analysis", "sinks/base.h", '#include <analysis/sts.h>\n', "must not include"),
    ("includes", "the simulator sees sinks", "bench/sim/dns.c", '#include "sinks/base.h"\n', "must not include"),
    ("includes", "a limit sees analysis", "bench/limits/ours.c", '#include "analysis/sts.h"\n', "must not include"),
    ("includes", "way around", "analysis/sts.c", '#include "../scanner/reply.h"\n', "from the top folder"),
    ("includes", "pure part sees libuv", "scanner/reply.c", '#include <uv.h>\n', "is pure"),
    ("includes", "pure part sees OpenSSL by a header", "sinks/base.h", '#include <openssl/ssl.h>\n', "is pure"),
    ("includes", "pure part sees libcurl", "scanner/reply.h", '#include <curl/curl.h>\n', "is pure"),
    ("includes", "pure part sees c-ares", "scanner/reply.c", '#include <ares.h>\n', "is pure"),
    ("includes", "header that says it is pure", "scanner/pace.h", "/* pace.h - x\n * y. Pure. */\n#include <uv.h>\n", "is pure"),
    ("includes", "name of no file", "tests/lint/pure.txt", "scanner/nothing\n", "is not there"),
    ("banned", "exit in the scanner", "scanner/reply.c", "void f(void) { exit(1); }\n", "exit()"),
    ("banned", "exit in another main", "sinks/main.c", "void f(void) { exit(1); }\n", "exit()"),
    ("size", "long function", "sinks/base.c", function(121), "base_add()"),
    ("size", "long file", "sinks/base.c", "int x;\n" * 601, "601 lines"),
    ("cppcheck", "out of bounds", "sinks/base.c", "int f(void)\n{\n    int a[2] = {1, 2};\n    return a[2];\n}\n",
     "arrayIndexOutOfBounds"),
    ("cppcheck", "uninitialised", "scanner/reply.c",
     "int f(int n)\n{\n    int a;\n    if (n)\n        a = 1;\n    return n ? 0 : a;\n}\n", "uninitvar"),
    ("clang", "a warning that gcc has not", "sinks/base.c", "int f(int n);\nint f(int n)\n{\n    n = n;\n    return n;\n}\n",
     "self-assign"),
    ("clang", "header that needs another", "sinks/base.h", "size_t base_len(const char *text);\n", "size_t"),
    ("tidy", "null", "sinks/base.c", "int f(int n);\nint f(int n)\n{\n    int *p = n ? &n : 0;\n    return *p;\n}\n",
     "NullDereference"),
    ("tidy", "null in the simulator", "bench/sim/dns.c",
     "int f(int n);\nint f(int n)\n{\n    int *p = n ? &n : 0;\n    return *p;\n}\n", "NullDereference"),
    ("tidy", "one byte too few", "analysis/sts.c",
     HEAD + "char *f(const char *p);\nchar *f(const char *p)\n{\n    return malloc(strlen(p + 1));\n}\n",
     "bugprone-misplaced-operator"),
    ("tidy", "leak", "scanner/reply.c",
     HEAD + "int f(int n)\n{\n    char *p = malloc(9);\n    if (p == NULL)\n        return 1;\n    p[0] = (char)n;\n"
     "    return p[0];\n}\n", "unix.Malloc"),
    ("tidy", "complex function", "sinks/base.c", f"int f(int n);\nint f(int n)\n{{\n{BRANCHES}    return n;\n}}\n",
     "cognitive"),
    ("tidy", "a header", "sinks/base.h", "int base_add(int a, int b);\nint base_add(int c, int d);\n",
     "redundant-declaration"),
]
for call in ("strcpy strcat sprintf vsprintf strtok atoi atol atoll gets scanf sscanf strncpy rand srand alloca "
             "system popen tmpnam mktemp gmtime inet_ntoa").split():
    BAD.append(("banned", call, "analysis/sts.c", f"int f(void)\n{{\n    return {call} (1);\n}}\n", call + "()"))

COMMAND = {"format": ["format.sh"], "cppcheck": ["cppcheck.sh"], "clang": ["compiled.py", "clang"],
           "tidy": ["compiled.py", "tidy"]}


def write(where, files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(where, path)), exist_ok=True)
        with open(os.path.join(where, path), "w", encoding="utf-8") as file:
            file.write(text)


def tree(where, extra):
    files = {**GOOD, **extra}
    write(where, files)
    for path in (".clang-format", ".clang-tidy", "tests/lint/cppcheck.txt"):
        os.makedirs(os.path.dirname(os.path.join(where, path)), exist_ok=True)
        shutil.copy(os.path.join(source.root(), path), os.path.join(where, path))
    commands = [{"directory": where, "file": os.path.join(where, path),
                 "command": f"cc -I{where} -std=c11 -Wall -Wextra -o x.o -c {os.path.join(where, path)}"}
                for path in files if path.endswith(".c")]
    write(where, {"build/compile_commands.json": json.dumps(commands)})


def run(lint, extra):
    with tempfile.TemporaryDirectory() as where:
        tree(where, extra)
        env = dict(os.environ, SOURCE_DIR=where, BUILD_DIR=os.path.join(where, "build"))
        script, *words = COMMAND.get(lint, [lint + ".py"])
        done = subprocess.run([os.path.join(HERE, script), *words], env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def judge(lint, what, status, said, word):
    """The complaint, or None."""
    if status == 77:
        return None
    if word is None:
        return None if status == 0 else f"{lint}: refuses the good tree:\n{said}"
    if status == 0:
        return f"{lint}: accepts: {what}"
    return None if word.lower() in said.lower() else f"{lint}: refuses for another reason: {what}\n{said}"


def main():
    lints = sorted({bad[0] for bad in BAD})
    cases = [(lint, "the good tree", {}, None) for lint in lints]
    cases += [(lint, what, {path: text}, word) for lint, what, path, text, word in BAD]
    complaints, skipped = [], set()
    for lint, what, extra, word in cases:
        status, said = run(lint, extra)
        if status == 77:
            skipped.add(lint)
        complaint = judge(lint, what, status, said, word)
        if complaint:
            complaints.append(complaint)
    for lint in sorted(skipped):
        print(f"note: {lint} skips itself here")
    for text in complaints:
        print(text)
    print(f"selftest: {len(cases)} cases, {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


main()
