/* A small heap on linear memory: first fit, blocks kept in address order, neighbours merged when freed.
 * The core makes a few dozen large blocks at a time, so a linear walk costs nothing. */
#ifndef RALHE_MEMORY_H
#define RALHE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
typedef struct Block {
    size_t size; /* payload bytes, a multiple of 16 */
    struct Block *next;
    uint32_t used;
} __attribute__((aligned(16))) Block;

extern unsigned char __heap_base;
#define PAGE 65536u

static size_t heap_end;

/* Contiguous new memory from the engine, or 0 when it refuses. */
static void *more_core(size_t bytes) {
    if (!heap_end) heap_end = ((size_t)&__heap_base + 15u) & ~(size_t)15u;
    size_t have = __builtin_wasm_memory_size(0) * (size_t)PAGE;
    if (bytes > 0xf0000000u - heap_end) return 0;
    if (heap_end + bytes > have) {
        size_t pages = (heap_end + bytes - have + PAGE - 1) / PAGE;
        if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return 0;
    }
    void *start = (void *)heap_end;
    heap_end += bytes;
    return start;
}

static Block *first_block;

static void *allocate(size_t size) {
    if (size > 0xe0000000u) return 0;
    size = (size + 31u) & ~(size_t)15u;
    Block *last = 0;
    for (Block *b = first_block; b; last = b, b = b->next) {
        while (!b->used && b->next && !b->next->used) {
            b->size += b->next->size + sizeof(Block);
            b->next = b->next->next;
        }
        if (b->used || b->size < size) continue;
        if (b->size >= size + sizeof(Block) + 64) {
            Block *rest = (Block *)((unsigned char *)(b + 1) + size);
            *rest = (Block){.size = b->size - size - sizeof(Block), .next = b->next, .used = 0};
            b->size = size;
            b->next = rest;
        }
        b->used = 1;
        return b + 1;
    }
    if (last && !last->used) { /* the heap ends in a free block: extend it */
        if (!more_core(size - last->size)) return 0;
        last->size = size;
        last->used = 1;
        return last + 1;
    }
    Block *b = more_core(size + sizeof(Block));
    if (!b) return 0;
    *b = (Block){.size = size, .next = 0, .used = 1};
    if (last) last->next = b;
    else first_block = b;
    return b + 1;
}

static void release(void *p) {
    if (p) ((Block *)p - 1)->used = 0;
}
#else /* native builds, for sanitizers and fuzzing */
#include <stdlib.h>
static void *allocate(size_t size) { return aligned_alloc(16, (size + 31u) & ~(size_t)15u); }
static void release(void *p) { free(p); }
#endif

/* [count] zeroed elements of `each` bytes, or 0. */
static void *allocate_zero(size_t count, size_t each) {
    uint64_t bytes = (uint64_t)count * each;
    if (bytes > 0xe0000000u) return 0;
    void *p = allocate((size_t)bytes);
    if (p) __builtin_memset(p, 0, (size_t)bytes);
    return p;
}

/* A copy of the first `used` bytes of p in a block of `bytes`; p is released. 0 leaves p as it is. */
static void *reallocate(void *p, size_t used, uint64_t bytes) {
    if (bytes > 0xe0000000u) return 0;
    void *q = allocate((size_t)bytes);
    if (!q) return 0;
    if (p) __builtin_memcpy(q, p, used);
    release(p);
    return q;
}

#endif
