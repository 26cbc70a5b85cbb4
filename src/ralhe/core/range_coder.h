/* Binary range coder with carry (Martin 1979, as in LZMA): 32-bit range, 16-bit probabilities.
 * One Coder writes or reads, so that encoder and decoder walk the same code. */
#ifndef RALHE_RANGE_CODER_H
#define RALHE_RANGE_CODER_H

#include "floats.h"
#include "memory.h"

typedef struct {
    uint8_t *data;
    size_t size;     /* writing: capacity; reading: bytes of the section */
    size_t at;       /* next byte */
    uint32_t range;
    uint32_t code;   /* reading */
    uint64_t low;    /* writing */
    uint64_t pending; /* writing: bytes held back for a carry */
    uint8_t cache;
    uint8_t writing;
    uint8_t failed;  /* writing: out of memory; reading: far past the end */
    uint8_t started;
} Coder;

static void put_byte(Coder *c, uint8_t byte) {
    if (c->at == c->size) {
        uint8_t *grown = reallocate(c->data, c->at, (uint64_t)c->size * 2 + 4096);
        if (!grown) {
            c->failed = 1;
            return;
        }
        c->data = grown;
        c->size = c->size * 2 + 4096;
    }
    c->data[c->at++] = byte;
}

static void shift_low(Coder *c) {
    if (c->low < 0xff000000u || c->low >> 32) {
        uint8_t carry = (uint8_t)(c->low >> 32);
        if (c->started) put_byte(c, (uint8_t)(c->cache + carry));
        for (; c->pending; c->pending--) put_byte(c, (uint8_t)(0xff + carry));
        c->cache = (uint8_t)(c->low >> 24);
        c->started = 1;
    } else {
        c->pending++;
    }
    c->low = (c->low & 0x00ffffffu) << 8;
}

static inline uint8_t get_byte(Coder *c) {
    if (c->at < c->size) return c->data[c->at++];
    if (c->at++ > c->size + 16) c->failed = 1; /* trailing zeros are not stored; more than those is damage */
    return 0;
}

static void start_writing(Coder *c) {
    *c = (Coder){.range = 0xffffffffu, .writing = 1};
}

static void start_reading(Coder *c, const uint8_t *data, size_t size) {
    *c = (Coder){.data = (uint8_t *)data, .size = size, .range = 0xffffffffu};
    for (int i = 0; i < 4; i++) c->code = c->code << 8 | get_byte(c);
}

/* Ends the section with the value in [low, low + range) that has most trailing zeros, and drops those. */
static void finish_writing(Coder *c) {
    for (int bits = 31; bits >= 0; bits--) {
        uint64_t mask = ((uint64_t)1 << bits) - 1;
        uint64_t value = (c->low + mask) & ~mask;
        if (value - c->low < c->range) {
            c->low = value;
            break;
        }
    }
    for (int i = 0; i < 5; i++) shift_low(c);
    for (int dropped = 0; dropped < 16 && c->at && !c->data[c->at - 1]; dropped++) c->at--; /* the reader takes no more */
}

/* Codes one bit; p1 is 65536 times the probability of a one, 1 ... 65535. */
static inline int code_bit(Coder *c, uint32_t p1, int bit) {
    uint32_t bound = (c->range >> 16) * p1;
    if (c->writing) {
        if (bit) {
            c->range = bound;
        } else {
            c->low += bound;
            c->range -= bound;
        }
        while (c->range < (1u << 24)) {
            shift_low(c);
            c->range <<= 8;
        }
        return bit;
    }
    bit = c->code < bound;
    if (bit) {
        c->range = bound;
    } else {
        c->code -= bound;
        c->range -= bound;
    }
    while (c->range < (1u << 24)) {
        c->code = c->code << 8 | get_byte(c);
        c->range <<= 8;
    }
    return bit;
}

/* A bit whose probability is learned as it goes: the running mean of what it saw, then a window of about 250. */
typedef struct {
    uint16_t p1;
    uint16_t seen;
} Bit;

#define BIT_WINDOW 250

static void reset_bits(Bit *bits, size_t n) {
    for (size_t i = 0; i < n; i++) bits[i] = (Bit){32768, 0};
}

static inline int code_adaptive(Coder *c, Bit *b, int bit) {
    bit = code_bit(c, b->p1, bit);
    int32_t target = bit ? 65535 - 32 : 32;
    b->p1 = (uint16_t)(b->p1 + (target - b->p1) * 2 / (2 * (int32_t)b->seen + 3));
    b->seen += b->seen < BIT_WINDOW;
    return bit;
}

#define NUMBER_BITS 18 /* a magnitude has one more at most */

/* A signed integer of small expected size: zero, sign, then Elias gamma of the magnitude, all adaptive. */
typedef struct {
    Bit zero, sign, length[NUMBER_BITS], high;
} Number;

static void reset_number(Number *n) { reset_bits((Bit *)n, sizeof(Number) / sizeof(Bit)); }

static int32_t code_number(Coder *c, Number *n, int32_t value) {
    if (code_adaptive(c, &n->zero, value == 0)) return 0;
    int negative = code_adaptive(c, &n->sign, value < 0);
    uint32_t size = (uint32_t)(value < 0 ? -value : value);
    int length = 0;
    while (length < NUMBER_BITS && code_adaptive(c, &n->length[length], (size >> (length + 1)) != 0)) length++;
    uint32_t read = 1;
    for (int i = length - 1; i >= 0; i--) {
        int bit = (int)(size >> i) & 1;
        bit = i == length - 1 ? code_adaptive(c, &n->high, bit) : code_bit(c, 32768, bit);
        read = read << 1 | (uint32_t)bit;
    }
    return negative ? -(int32_t)read : (int32_t)read;
}

#endif
