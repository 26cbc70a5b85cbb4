/* Octree levels in Morton order and the lossless coding of their occupancy.
 * Level l holds the occupied nodes of 2^l cells per axis; level `depth` holds the leaves. */
#ifndef RALHE_OCTREE_H
#define RALHE_OCTREE_H

#include "range_coder.h"

enum Failure {
    DONE = 0,
    NEED_MORE = 1, /* not an error: the next section has not arrived */
    NOT_RALHE = -1,
    NEWER_VERSION = -2,
    HEADER_CUT = -3,
    HEADER_DAMAGED = -4,
    HEADER_FIELD = -5,
    TABLE_FIELD = -6,
    SECTION_CHECKSUM = -7,
    SECTION_DAMAGED = -8,
    TOO_MANY_NODES = -9,
    NO_MEMORY = -10,
    NO_LEVEL = -11,
    TRAILING_BYTES = -12,
};

#define MAX_DEPTH 21 /* three bits per level in a 64-bit Morton code */

static const uint64_t AXIS_BITS = 0x1249249249249249u; /* bits of x; y and z are one and two places up */

typedef struct {
    uint32_t n;
    uint64_t *code;        /* [n] Morton codes, ascending: bit 3b is bit b of x, 3b + 1 of y, 3b + 2 of z */
    uint32_t *first_child; /* [n + 1] index of the first child in the next level */
    uint8_t *occupancy;    /* [n] bit o set: the child in octant o (x + 2y + 4z) is occupied */
    uint8_t *siblings;     /* [n] children of the parent, this node included */
    uint32_t *first_leaf;  /* [n + 1] encoder only */
} Level;

static void release_level(Level *v) {
    release(v->code);
    release(v->first_child);
    release(v->occupancy);
    release(v->siblings);
    release(v->first_leaf);
    *v = (Level){0};
}

static int allocate_level(Level *v, uint32_t n) {
    *v = (Level){.n = n};
    v->code = allocate((size_t)n * 8);
    v->first_child = allocate(((size_t)n + 1) * 4);
    v->occupancy = allocate(n);
    v->siblings = allocate(n);
    if (v->code && v->first_child && v->occupancy && v->siblings) return 1;
    release_level(v);
    return 0;
}

/* Open-addressing index from Morton code to node. */
typedef struct {
    uint32_t *slot; /* node + 1, or 0 */
    uint32_t mask;
    uint32_t shift;
} Index;

static inline uint32_t hash_code(const Index *x, uint64_t code) {
    return (uint32_t)((code * 0x9e3779b97f4a7c15u) >> x->shift) & x->mask;
}

static int build_index(Index *x, const Level *v) {
    uint32_t bits = 4;
    while (((uint64_t)1 << bits) < (uint64_t)v->n * 2) bits++;
    x->mask = (uint32_t)(((uint64_t)1 << bits) - 1);
    x->shift = 64 - bits;
    x->slot = allocate_zero((size_t)1 << bits, 4);
    if (!x->slot) return 0;
    for (uint32_t i = 0; i < v->n; i++) {
        uint32_t h = hash_code(x, v->code[i]);
        while (x->slot[h]) h = (h + 1) & x->mask;
        x->slot[h] = i + 1;
    }
    return 1;
}

/* Node with this code, or -1. */
static inline int32_t find_node(const Index *x, const Level *v, uint64_t code) {
    for (uint32_t h = hash_code(x, code); x->slot[h]; h = (h + 1) & x->mask)
        if (v->code[x->slot[h] - 1] == code) return (int32_t)x->slot[h] - 1;
    return -1;
}

/* The code one cell up (+1) or down (-1) along an axis at a level; 0 in *inside where that leaves the box. */
static inline uint64_t step_code(uint64_t code, int axis, int direction, int level, int *inside) {
    uint64_t bits = AXIS_BITS << axis & (((uint64_t)1 << 3 * level) - 1);
    uint64_t own = code & bits;
    if (direction > 0) {
        *inside &= own != bits;
        own = ((code | ~bits) + 1) & bits;
    } else if (direction < 0) {
        *inside &= own != 0;
        own = (own - 1) & bits;
    }
    return (code & ~bits) | own;
}

typedef struct {
    Bit single[9 * 7];      /* one child only; siblings, occupied face neighbours */
    Bit octant[3 * 4 * 4];  /* its octant bit by bit; axis, bits so far, neighbours on both faces of the axis */
    Bit child[256 * 8];     /* otherwise the eight children; bits so far, neighbours outside the octant's faces */
} OccupancyModel;

/* Bit 2 * axis + side set: the face neighbour on that side is occupied. */
static uint32_t face_neighbours(const Index *x, const Level *v, uint32_t node, int level) {
    uint32_t faces = 0;
    for (int axis = 0; axis < 3; axis++)
        for (int side = 0; side < 2; side++) {
            int inside = 1;
            uint64_t code = step_code(v->code[node], axis, side ? 1 : -1, level, &inside);
            if (inside && find_node(x, v, code) >= 0) faces |= 1u << (2 * axis + side);
        }
    return faces;
}

static uint32_t code_single(Coder *c, OccupancyModel *m, uint32_t faces, uint32_t occupancy) {
    uint32_t octant = 0, wanted = occupancy ? (uint32_t)__builtin_ctz(occupancy) : 0;
    for (uint32_t axis = 0; axis < 3; axis++) {
        Bit *b = &m->octant[(axis * 4 + octant) * 4 + (faces >> 2 * axis & 3)];
        octant |= (uint32_t)code_adaptive(c, b, (int)(wanted >> axis & 1)) << axis;
    }
    return 1u << octant;
}

static uint32_t code_several(Coder *c, OccupancyModel *m, uint32_t faces, uint32_t occupancy) {
    uint32_t path = 1, found = 0;
    for (uint32_t o = 0; o < 8; o++) {
        uint32_t outside = 0;
        for (uint32_t axis = 0; axis < 3; axis++) outside |= (faces >> (2 * axis + (o >> axis & 1)) & 1) << axis;
        uint32_t bit = 1; /* at least two children: the last ones may be forced */
        if (found + (8 - o) > 2) bit = (uint32_t)code_adaptive(c, &m->child[path * 8 + outside], (int)(occupancy >> o & 1));
        found += bit;
        path = path << 1 | bit;
    }
    uint32_t read = 0;
    for (uint32_t o = 0; o < 8; o++) read |= (path >> (7 - o) & 1) << o;
    return read;
}

/* Codes the occupancy of a level and fills the next, allocated with the count both sides know. Answers a Failure.
 * Neighbours are asked only where the level is dense enough for them to tell something. */
static int code_occupancy(Coder *c, OccupancyModel *m, Level *v, Level *next, int level) {
    Index index = {0};
    int dense = (uint64_t)next->n * 4 > (uint64_t)v->n * 5;
    if (dense && !build_index(&index, v)) return NO_MEMORY;
    reset_bits((Bit *)m, sizeof *m / sizeof(Bit));
    uint32_t made = 0;
    int whole = 1;
    for (uint32_t i = 0; i < v->n && whole; i++) {
        uint32_t faces = dense ? face_neighbours(&index, v, i, level) : 0;
        uint32_t wanted = c->writing ? v->occupancy[i] : 0;
        Bit *b = &m->single[v->siblings[i] * 7 + __builtin_popcount(faces)];
        int single = code_adaptive(c, b, __builtin_popcount(wanted) == 1);
        uint32_t occupancy = single ? code_single(c, m, faces, wanted) : code_several(c, m, faces, wanted);
        uint32_t children = (uint32_t)__builtin_popcount(occupancy);
        v->occupancy[i] = (uint8_t)occupancy;
        v->first_child[i] = made;
        if (made + children > next->n) whole = 0;
        for (uint32_t o = 0; o < 8 && whole; o++)
            if (occupancy >> o & 1) {
                next->siblings[made] = (uint8_t)children;
                next->code[made++] = v->code[i] << 3 | o;
            }
    }
    v->first_child[v->n] = made;
    release(index.slot);
    return whole && made == next->n && !c->failed ? DONE : SECTION_DAMAGED;
}

#endif
