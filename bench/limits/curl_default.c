/* curl_default.c - what a policy fetch costs with libcurl as it comes: a bundle of CAs given by file, and all
 * else, CURLOPT_CAPATH too, as the distribution built it. One fetch after the other, a connection each.
 *   curl_default CA-FILE <LIST        LIST: lines "address port name"
 * Prints how many fetches were good. */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static size_t drop(char *p, size_t one, size_t len, void *unused)
{
    (void)p, (void)unused;
    return one * len;
}

/* `line`: "address port name\n" */
static bool fetch(CURL *easy, char *line)
{
    char url[512], to[128], *rest = NULL;
    const char *address = strtok_r(line, " ", &rest), *port = strtok_r(NULL, " ", &rest);
    const char *name = strtok_r(NULL, "\n", &rest);
    struct curl_slist *connect_to;
    long status = 0;
    CURLcode code;

    if (name == NULL)
        return false;
    snprintf(url, sizeof(url), "https://%s:%s/.well-known/mta-sts.txt", name, port);
    snprintf(to, sizeof(to), "::%s:%s", address, port);
    connect_to = curl_slist_append(NULL, to);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
    code = curl_easy_perform(easy);
    if (code == CURLE_OK)
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    else
        fprintf(stderr, "curl_default: %s: %s\n", name, curl_easy_strerror(code));
    curl_slist_free_all(connect_to);
    return status == 200;
}

int main(int argc, char **argv)
{
    char line[512];
    size_t n = 0, n_good = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: curl_default CA-FILE <LIST\n");
        return 1;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init(); /* one for all: libcurl keeps its store of CAs there, if it keeps one */

    curl_easy_setopt(easy, CURLOPT_CAINFO, argv[1]);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    for (; fgets(line, sizeof(line), stdin) != NULL; n++)
        n_good += fetch(easy, line);
    printf("%zu good, %zu bad\n", n_good, n - n_good);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return n_good < n;
}
