/* name_parts.h - what names.c and asked.c agree on: how numbers are spelt. */
#ifndef SIM_NAME_PARTS_H
#define SIM_NAME_PARTS_H
#include "bench/sim/names.h"
#include "bench/sim/permute.h"

#define CONSONANTS "bdfghjklmnprstvz"
#define VOWELS     "aeio"

/* A syllable is six bits, a consonant and a vowel. */
#define NAME_BITS    30
#define NAME_LETTERS 10
#define WORD_BITS    24 /* of an operator's name: more than PARAM_OPERATORS may be */
#define WORD_LETTERS 8
_Static_assert((WORLD_MOST_NAMES - 1) >> NAME_BITS == 0, "names are spelt in five syllables");

/* Operators' domains hold a dash, names do not: they never meet. */
#define FIRST_DOMAIN  "first-mail.net"
#define SECOND_DOMAIN "second-mail.net"

#define MOST_STS_TARGETS 100 /* links of a chain of CNAMEs */
#define MOST_MX          160 /* hosts of one owner */

void spell(uint64_t x, unsigned n_syllables, char *out); /* lowest syllable first, without NUL */
bool tld_exists(const char *name, size_t len);           /* in lower case */
#endif
