/* Fingerprints of memory, as `checksum.py` defines them, in one pass over it.
 *
 * Built with the package where there is a C compiler (`hatch_build.py`) and called by `native.py`.
 * Without it torch computes the same numbers, at several times the price.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One version of a function for each width of the processor's registers; the loader takes one. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define EACH_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EACH_WIDTH
#endif

typedef uint64_t word;
/* What is read: at any address, and whatever type the program has written. */
typedef uint64_t __attribute__((aligned(1), may_alias)) content;

typedef struct {
    int rows, columns, others; /* others: columns of the second grid */
} grid;

static const grid COARSE = {61, 480, 488}, FINE = {31, 64, 62};

enum {
    WORD = 8,
    SMALL = 31 * 64,
    COARSE_CHUNK = 61 * 480,
    READ_FROM = 48 * 1024,
    WEIGHTS = 31 * 1024,
    USUAL_BLOCKS = 64, /* what half a GB needs */
    PROBED = 64,
    PROBED_FROM = 1024,
    NO_MEMORY = 1,
    MOST_ROWS = 61,
    MOST_COLUMNS = 488
};

/* Weighed sums, in blocks of as many as there are weights. */
typedef struct {
    const word *weights;
    word *blocks;
} scale;

static inline word fold(word x) { return x + (word)((int64_t)x >> 29); }

EACH_WIDTH static word weigh(const word *sums, const word *weights, size_t count) {
    word total = 0;
    for (size_t i = 0; i < count; i++) total += fold(sums[i]) * weights[i];
    return total;
}

EACH_WIDTH static word weigh_content(
    const content *words, const word *weights, size_t count, word *bits
) {
    word total = 0, seen = 0;
    for (size_t i = 0; i < count; i++) {
        seen |= words[i];
        total += fold(words[i]) * weights[i];
    }
    *bits |= seen;
    return total;
}

EACH_WIDTH static word add_rows(
    const content *words, size_t rows, size_t columns, word *by_row, word *by_column
) {
    word bits = 0;
    for (size_t r = 0; r < rows; r++, words += columns) {
        word sum = 0, seen = 0;
        for (size_t c = 0; c < columns; c++) {
            word x = words[c];
            sum += x;
            by_column[c] += x;
            seen |= x;
        }
        by_row[r] = sum;
        bits |= seen;
    }
    return bits;
}

/* Add up a grid that begins at `words`; what lies beyond `bytes` is zero. */
static word add_grid(
    const content *words, size_t bytes, size_t rows, size_t columns, word *by_row, word *by_column
) {
    size_t whole = bytes / (columns * WORD);
    if (whole >= rows) return add_rows(words, rows, columns, by_row, by_column);
    word last[MOST_COLUMNS] = {0};
    word bits = add_rows(words, whole, columns, by_row, by_column);
    memcpy(last, words + whole * columns, bytes - whole * columns * WORD);
    return bits | add_rows((const content *)last, 1, columns, by_row + whole, by_column);
}

/* Weigh `count` sums, of which the first is number `first` of the tensor. */
static void put(scale *on, size_t first, const word *sums, size_t count) {
    while (count) {
        size_t at = first % WEIGHTS, room = WEIGHTS - at, n = count < room ? count : room;
        on->blocks[first / WEIGHTS] += weigh(sums, on->weights + at, n);
        first += n, sums += n, count -= n;
    }
}

/* Put the sums of chunk `number` of `chunks` onto the scale, the first of which is number `first`. */
static word put_chunk(
    scale *on, const content *words, size_t bytes, grid of, size_t first, size_t number,
    size_t chunks
) {
    word rows[MOST_ROWS] = {0}, columns[MOST_COLUMNS] = {0}, others[MOST_COLUMNS] = {0};
    word unused[MOST_ROWS];
    word bits = add_grid(words, bytes, of.rows, of.columns, rows, columns);
    add_grid(words, bytes, of.rows * of.columns / of.others, of.others, unused, others);
    put(on, first + number * of.rows, rows, of.rows);
    first += chunks * of.rows;
    put(on, first + number * of.columns, columns, of.columns);
    first += chunks * of.columns;
    put(on, first + number * of.others, others, of.others);
    return bits;
}

/* Find the number of many words; `bits` becomes all bits that are set anywhere in them. */
static int number_of_many(
    const content *words, size_t bytes, size_t size, const word *weights, word *number, word *bits
) {
    size_t coarse = size >= READ_FROM ? size / COARSE_CHUNK : 0;
    size_t fine = (size - coarse * COARSE_CHUNK + SMALL - 1) / SMALL;
    size_t begun = coarse * (COARSE.rows + COARSE.columns + COARSE.others);
    size_t sums = begun + fine * (FINE.rows + FINE.columns + FINE.others);
    size_t blocks = (sums + WEIGHTS - 1) / WEIGHTS;
    word usual[USUAL_BLOCKS] = {0};
    scale on = {weights, blocks > USUAL_BLOCKS ? calloc(blocks, WORD) : usual};
    if (on.blocks == NULL) return NO_MEMORY;
    for (size_t i = 0, at = 0; i < coarse + fine; i++) {
        size_t left = bytes - at * WORD;
        if (i < coarse) {
            *bits |= put_chunk(&on, words + at, left, COARSE, 0, i, coarse);
            at += COARSE_CHUNK;
        } else {
            *bits |= put_chunk(&on, words + at, left, FINE, begun, i - coarse, fine);
            at += SMALL;
        }
    }
    for (; blocks > 1; blocks = (blocks + WEIGHTS - 1) / WEIGHTS)
        for (size_t first = 0; first < blocks; first += WEIGHTS) {
            size_t count = blocks - first < WEIGHTS ? blocks - first : WEIGHTS;
            on.blocks[first / WEIGHTS] = weigh(on.blocks + first, weights, count);
        }
    *number = on.blocks[0];
    if (on.blocks != usual) free(on.blocks);
    return 0;
}

/* Find the number of some content; `bits` becomes all bits that are set anywhere in it. */
static int number_of(
    const content *words, size_t bytes, const word *weights, word *number, word *bits
) {
    size_t size = (bytes + WORD - 1) / WORD, whole = bytes / WORD;
    word last = 0;
    *bits = 0;
    if (size > SMALL) return number_of_many(words, bytes, size, weights, number, bits);
    memcpy(&last, words + whole, bytes % WORD);
    *number = weigh_content(words, weights, whole, bits);
    *number += weigh_content((const content *)&last, weights + whole, 1, bits);
    return 0;
}

/* Return the number of a few words of some content; 0 where there are not many. */
static word probe_of(const content *words, size_t bytes, const word *weights) {
    size_t size = (bytes + WORD - 1) / WORD, step = size / PROBED;
    word total = 0;
    if (size < PROBED_FROM) return 0;
    for (size_t i = 0; i < PROBED; i++) total += fold(words[i * step]) * weights[i];
    return total;
}

/* Compute the numbers of `count` pieces of memory, and those of a few words of each. `bits`: those
 * that are set anywhere in a piece. Returns 0, or NO_MEMORY. */
int tc_numbers(
    size_t count, const word *addresses, const word *bytes, const word *weights, word *numbers,
    word *bits, word *probes
) {
    for (size_t i = 0; i < count; i++) {
        const content *words = (const content *)(uintptr_t)addresses[i];
        probes[i] = probe_of(words, bytes[i], weights);
        if (number_of(words, bytes[i], weights, &numbers[i], &bits[i])) return NO_MEMORY;
    }
    return 0;
}

/* Compute the numbers of a few words of each alone. */
void tc_probes(
    size_t count, const word *addresses, const word *bytes, const word *weights, word *probes
) {
    for (size_t i = 0; i < count; i++)
        probes[i] = probe_of((const void *)(uintptr_t)addresses[i], bytes[i], weights);
}
