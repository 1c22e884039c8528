/* curl_default.c - what a policy fetch costs with libcurl as it comes: a bundle of CAs given by file, and all
 * else, CURLOPT_CAPATH too, as the distribution built it. One fetch after the other, a connection each.
 *   curl_default CA-FILE <LIST        LIST: lines "address port name"
 * Prints how many fetches were good. */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>

static size_t drop(char *p, size_t one, size_t len, void *unused)
{
    (void)p, (void)unused;
    return one * len;
}

static bool fetch(CURL *easy, const char *address, unsigned port, const char *name)
{
    char url[512], to[128];
    struct curl_slist *connect_to;
    long status = 0;
    CURLcode code;

    snprintf(url, sizeof(url), "https://%s:%u/.well-known/mta-sts.txt", name, port);
    snprintf(to, sizeof(to), "::%s:%u", address, port);
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
    char address[64], name[256];
    unsigned port;
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
    for (; scanf("%63s %u %255s", address, &port, name) == 3; n++)
        n_good += fetch(easy, address, port, name);
    printf("%zu good, %zu bad\n", n_good, n - n_good);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return n_good < n;
}
