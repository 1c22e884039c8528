/* replay.c - a main() for a fuzz target without libFuzzer: runs it over files, and over the files in folders.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    /* A heap block of the exact size, so that a sanitizer sees the first byte read past it. */
    struct stat st = {0};
    int result = -1;
    uint8_t *data = NULL;
    if (fstat(fileno(file), &st) == 0 && (data = malloc((size_t)st.st_size + 1)) != NULL) {
        size_t len = fread(data, 1, (size_t)st.st_size, file);
        uint8_t *exact = realloc(data, len > 0 ? len : 1);
        data = exact != NULL ? exact : data;
        result = LLVMFuzzerTestOneInput(data, len) == 0 ? 0 : -1;
    }
    free(data);
    fclose(file);
    return result;
}

static int replay(const char *path, int *count)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        ++*count;
        return replay_file(path);
    }
    int result = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (replay(name, count) != 0)
            result = -1;
    }
    closedir(dir);
    return result;
}

int main(int argc, char **argv)
{
    int count = 0;
    int result = LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i], &count) != 0)
            result = -1;
    }
    printf("replayed %d inputs\n", count);
    return result == 0 ? 0 : 1;
}
