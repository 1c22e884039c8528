/* tls_threads.c - what threads that do handshakes cost each other, by what they share: handshakes in memory,
 * of which the client's CPU time alone is counted; each thread's server has an OSSL_LIB_CTX of its own, so as
 * not to disturb. tls_threads context|store|library|nothing THREADS HANDSHAKES CA-FILE CHAIN-FILE KEY-FILE
 *     context   one SSL_CTX, one X509_STORE
 *     store     an SSL_CTX each, one X509_STORE (as stscan has it)
 *     library   an SSL_CTX and an X509_STORE each
 *     nothing   an OSSL_LIB_CTX each, too
 * Prints the microseconds of a handshake, over all threads. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_THREADS 64

enum share { CONTEXT, STORE, LIBRARY, NOTHING };
struct thread {
    pthread_t id;
    SSL_CTX *client, *server;
    unsigned long n;
    double client_s;
};

static void die(const char *what)
{
    fprintf(stderr, "tls_threads: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static X509_STORE *new_store(OSSL_LIB_CTX *library, const char *ca_file)
{
    X509_STORE *store = X509_STORE_new();

    if (store == NULL || X509_STORE_load_file_ex(store, ca_file, library, NULL) != 1)
        die(ca_file);
    return store;
}

/* As tls_context_setup() in scanner/tls.c. */
static SSL_CTX *new_client(OSSL_LIB_CTX *library, X509_STORE *store)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(library, NULL, TLS_client_method());

    if (ctx == NULL)
        die("client");
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set1_cert_store(ctx, store);
    return ctx;
}

static SSL_CTX *new_server(const char *chain_file, const char *key_file)
{
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    SSL_CTX *ctx = library != NULL ? SSL_CTX_new_ex(library, NULL, TLS_server_method()) : NULL;

    if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, chain_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        die(chain_file);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}

static SSL *new_end(SSL_CTX *ctx, BIO *in, BIO *out)
{
    SSL *ssl = SSL_new(ctx);

    if (ssl == NULL || in == NULL || out == NULL)
        die("SSL");
    BIO_up_ref(in);
    BIO_up_ref(out);
    SSL_set_bio(ssl, in, out);
    return ssl;
}

static void handshake(struct thread *t)
{
    BIO *up = BIO_new(BIO_s_mem()), *down = BIO_new(BIO_s_mem());
    SSL *server = new_end(t->server, up, down);
    double began_s = now_s();
    SSL *client = new_end(t->client, down, up);

    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    SSL_set_tlsext_host_name(client, "leaf.test");
    for (int step = 0; step < 10 && !(SSL_is_init_finished(client) && SSL_is_init_finished(server)); step++) {
        SSL_do_handshake(client);
        t->client_s += now_s() - began_s;
        SSL_do_handshake(server);
        began_s = now_s();
    }
    if (!SSL_is_init_finished(client) || SSL_get_verify_result(client) != X509_V_OK)
        die("a handshake failed");
    SSL_free(client);
    t->client_s += now_s() - began_s;
    SSL_free(server);
    BIO_free(up);
    BIO_free(down);
}

static void *work(void *thread)
{
    struct thread *t = thread;

    handshake(t); /* what is fetched once */
    t->client_s = 0;
    for (unsigned long i = 0; i < t->n; i++)
        handshake(t);
    return NULL;
}

static void set_up(struct thread *threads, unsigned n_threads, enum share share, const char *const files[3])
{
    X509_STORE *store = NULL;
    SSL_CTX *client = NULL;

    for (unsigned i = 0; i < n_threads; i++) {
        OSSL_LIB_CTX *library = share == NOTHING ? OSSL_LIB_CTX_new() : NULL;

        if (i == 0 || share > STORE)
            store = new_store(library, files[0]);
        if (i == 0 || share > CONTEXT)
            client = new_client(library, store);
        threads[i].client = client;
        threads[i].server = new_server(files[1], files[2]);
    }
}

int main(int argc, char **argv)
{
    static const char *const shares[] = {"context", "store", "library", "nothing"};
    static struct thread threads[MOST_THREADS];
    const unsigned n = argc == 7 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    const unsigned long each = n > 0 ? strtoul(argv[3], NULL, 10) / n : 0;
    unsigned share = 0;
    double all_s = 0;

    while (argc == 7 && share <= NOTHING && strcmp(argv[1], shares[share]) != 0)
        share++;
    if (each == 0 || n > MOST_THREADS || share > NOTHING) {
        fprintf(stderr, "usage: tls_threads context|store|library|nothing THREADS HANDSHAKES CA CHAIN KEY\n");
        return 1;
    }
    set_up(threads, n, (enum share)share, (const char *const *)(argv + 4));
    for (unsigned i = 0; i < n; i++) {
        threads[i].n = each;
        if (pthread_create(&threads[i].id, NULL, work, &threads[i]) != 0)
            die("no thread");
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(threads[i].id, NULL);
        all_s += threads[i].client_s;
    }
    printf("%.2f\n", all_s * 1e6 / (double)(each * n));
    return 0; /* what was made is the system's to free */
}
