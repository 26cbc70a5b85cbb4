/* The bytes of a stream: header, table of sections, sections coarse to fine. SPEC.md has the layout in tables. */
#ifndef RALHE_CONTAINER_H
#define RALHE_CONTAINER_H

#include "context.h"
#include "leaves.h"

#define VERSION 1
#define FIXED_HEADER 64
#define CONTRACTION_BYTES 16
#define SECTION_BYTES 20
#define MAX_SECTIONS (2 * MAX_DEPTH + 1)
#define FREE_NODES 65536u    /* a level may have this many nodes, ... */
#define NODES_PER_BYTE 64u   /* ... and so many more for each byte up to the end of its section */

enum Kind { PARAMETERS, GEOMETRY, ATTRIBUTES };

enum Flag { ANTIALIASED = 1, CONTRACTED = 2, HARMONIC_BASIS = 4, KNOWN_FLAGS = 7 };

typedef struct {
    uint32_t kind, first, last, offset, length, count, crc, reserved;
} Section;

typedef struct {
    uint32_t flags, sh_degree, coordinates, sections, source_gaussians;
    float bounding_box[6];
    Section section[MAX_SECTIONS];
} Container;

static uint32_t crc_table[256];

static void build_crc(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t x = i;
        for (int b = 0; b < 8; b++) x = x & 1 ? x >> 1 ^ 0x82f63b78u : x >> 1;
        crc_table[i] = x;
    }
}

/* CRC-32C (Castagnoli). */
static uint32_t crc32c(const uint8_t *p, size_t n) {
    uint32_t x = 0xffffffffu;
    for (size_t i = 0; i < n; i++) x = x >> 8 ^ crc_table[(x ^ p[i]) & 255];
    return ~x;
}

static inline uint32_t get32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }

static inline float get_float(const uint8_t *p) { return bits_float(get32(p)); }

static void set_networks(Scene *s, const uint8_t *hidden) {
    release_networks(s);
    static const uint32_t ends[4][MAX_GROUPS] = {{0}, {3, 9}, {3, 8, 14, 24}, {3, 8, 15, 21, 31, 45}};
    uint32_t k = s->sh_coefficients, degree = k == 15 ? 3 : k == 8 ? 2 : k == 3 ? 1 : 0;
    s->entropy[0] = (EntropyNetwork){.inputs = BASE_INPUTS, .hidden = hidden[0] * 4u, .channels = BASE, .skip_at = PREDICTION_AT};
    s->entropy[1] = (EntropyNetwork){.inputs = HARMONIC_INPUTS, .hidden = hidden[1] * 4u, .channels = 3 * k, .groups = 2 * degree};
    for (uint32_t g = 0; g < 2 * degree; g++) s->entropy[1].group_end[g] = ends[degree][g];
    s->synthesis = (SynthesisNetwork){.inputs = SYNTHESIS_INPUTS, .hidden = hidden[2] * 4u, .channels = s->channels};
}

/* Fixed fields of the header into a scene, whose networks are forgotten. */
static int read_header(const uint8_t *p, size_t n, Scene *s, Container *c) {
    for (size_t i = 0; i < 4 && i < n; i++)
        if (p[i] != (uint8_t)"RALH"[i]) return NOT_RALHE;
    if (n < 5) return HEADER_CUT;
    if (p[4] != VERSION) return NEWER_VERSION;
    if (n < FIXED_HEADER) return HEADER_CUT;
    c->flags = p[5];
    c->sh_degree = p[6];
    c->coordinates = p[7];
    s->depth = p[8];
    s->lookahead = p[9];
    if (c->flags & ~(uint32_t)KNOWN_FLAGS || c->sh_degree > 3 || c->coordinates > 8) return HEADER_FIELD;
    if (s->depth > MAX_DEPTH || s->lookahead < 1 || s->lookahead > 4) return HEADER_FIELD;
    if (p[10] < 1 || p[10] > 16 || p[11] > 16 || p[12] > 16 || (c->sh_degree && !p[11])) return HEADER_FIELD;
    s->sh_coefficients = (c->sh_degree + 1) * (c->sh_degree + 1) - 1;
    s->channels = BASE + 3 * s->sh_coefficients;
    s->shape = (float)p[13] / 256.0f;
    c->sections = p[14] | (uint32_t)p[15] << 8;
    s->leaves = get32(p + 16);
    c->source_gaussians = get32(p + 20);
    if (c->sections > MAX_SECTIONS) return HEADER_FIELD;
    for (int a = 0; a < 3; a++) s->origin[a] = get_float(p + 24 + 4 * a);
    s->voxel = get_float(p + 36);
    for (int i = 0; i < 6; i++) c->bounding_box[i] = get_float(p + 40 + 4 * i);
    for (int i = 0; i < 10; i++)
        if (!finitef_(get_float(p + 24 + 4 * i))) return HEADER_FIELD;
    if (!(s->voxel > 0.0)) return HEADER_FIELD;
    s->log_voxel = log_((float)s->voxel);
    s->contracted = (c->flags & CONTRACTED) != 0;
    if (s->contracted) {
        if (n < FIXED_HEADER + CONTRACTION_BYTES) return HEADER_CUT;
        for (int i = 0; i < 4; i++)
            if (!finitef_(get_float(p + FIXED_HEADER + 4 * i))) return HEADER_FIELD;
        for (int a = 0; a < 3; a++) s->centre[a] = get_float(p + FIXED_HEADER + 4 * a);
        s->scale = get_float(p + FIXED_HEADER + 12);
        if (!(s->scale > 0.0)) return HEADER_FIELD;
        s->log_voxel += log_((float)s->scale);
    }
    s->has_basis = (c->flags & HARMONIC_BASIS) != 0;
    set_networks(s, p + 10);
    return DONE;
}

static uint32_t header_size(const Container *c) {
    return FIXED_HEADER + (c->flags & CONTRACTED ? CONTRACTION_BYTES : 0) + c->sections * SECTION_BYTES + 4;
}

/* Sections must tile the file, cover every level once in order, and bring geometry before what leans on it. */
static int check_table(const Scene *s, const Container *c) {
    uint32_t offset = header_size(c), geometry = 0, attributes = 0;
    if (!s->leaves) return c->sections ? TABLE_FIELD : DONE;
    for (uint32_t i = 0; i < c->sections; i++) {
        const Section *x = &c->section[i];
        if (x->offset != offset || x->length > 0x7fffffffu - offset) return TABLE_FIELD;
        offset += x->length;
        if ((x->kind == PARAMETERS) != (i == 0) || x->kind > ATTRIBUTES) return TABLE_FIELD;
        if (x->kind == PARAMETERS) continue;
        uint32_t *done = x->kind == GEOMETRY ? &geometry : &attributes;
        if (x->first != *done || x->last < x->first || x->last >= s->depth) return TABLE_FIELD;
        if (!x->count || x->count > FREE_NODES + (uint64_t)NODES_PER_BYTE * offset) return TOO_MANY_NODES;
        *done = x->last + 1;
        if (x->kind == ATTRIBUTES && geometry < (*done + s->lookahead < s->depth ? *done + s->lookahead : s->depth))
            return TABLE_FIELD;
    }
    if (!c->sections || geometry != s->depth || attributes != s->depth) return TABLE_FIELD;
    return s->depth || s->leaves == 1 ? DONE : TABLE_FIELD;
}

static int read_container(const uint8_t *p, size_t n, Scene *s, Container *c) {
    int failure = read_header(p, n, s, c);
    if (failure) return failure;
    uint32_t size = header_size(c), at = size - 4 - c->sections * SECTION_BYTES;
    if (n < size) return HEADER_CUT;
    if (crc32c(p, size - 4) != get32(p + size - 4)) return HEADER_DAMAGED;
    for (uint32_t i = 0; i < c->sections; i++, at += SECTION_BYTES) {
        const uint8_t *q = p + at;
        c->section[i] = (Section){q[0], q[1], q[2], get32(q + 4), get32(q + 8), get32(q + 12), get32(q + 16), 0};
        if (q[3]) return TABLE_FIELD;
    }
    return check_table(s, c);
}

/* ---- parameters: the same walk writes them from `values` and reads them into it ---- */

#define EXPONENT_BITS 5
#define EXPONENT_ONE 4 /* a tensor's step is 2^(EXPONENT_ONE - exponent) */
#define ROOT_DIVISOR 16.0f

static float step_of(int32_t code) { return exp2_((float)(code - 160) * 0.0625f); }

static int32_t *code_exponent(Coder *c, int32_t *value) {
    int32_t read = 0;
    for (int i = EXPONENT_BITS; i-- > 0;) read = read << 1 | code_bit(c, 32768, *value >> i & 1);
    *value = read;
    return value + 1;
}

static int32_t *code_numbers(Coder *c, int32_t *values, uint32_t n) {
    Number model;
    reset_number(&model);
    for (uint32_t i = 0; i < n; i++) values[i] = code_number(c, &model, values[i]);
    return values + n;
}

static uint32_t synthesis_sizes(const SynthesisNetwork *n, uint32_t sizes[4]) {
    sizes[0] = n->inputs * n->hidden;
    sizes[1] = n->hidden;
    sizes[2] = n->channels * n->hidden;
    sizes[3] = n->channels;
    return n->hidden ? 4 : 0;
}

/* Codes all parameters and returns their number; without a coder (c == 0) it only counts. */
static uint32_t code_parameters(Coder *c, const Scene *s, int32_t *values) {
    int32_t *at = values;
    uint32_t sizes[4], total = 2 * s->channels;
    if (c) at = code_numbers(c, code_numbers(c, at, s->channels), s->channels);
    for (int i = 0; i < (s->sh_coefficients ? 2 : 1); i++)
        for (int t = 0; t < TENSORS; t++) {
            uint32_t n = tensor_size(&s->entropy[i], t);
            total += n ? n + 1 : 0;
            if (c && n) at = code_numbers(c, code_exponent(c, at), n);
        }
    if (s->has_basis) {
        uint32_t n = 3 * s->sh_coefficients * s->sh_coefficients;
        total += n;
        if (c) at = code_numbers(c, at, n);
    }
    for (uint32_t i = 0, tensors = synthesis_sizes(&s->synthesis, sizes); i < tensors; i++) {
        total += sizes[i] + 1;
        if (c) at = code_numbers(c, code_exponent(c, at), sizes[i]);
    }
    return total;
}

static const int32_t *scaled(float *out, const int32_t *at, uint32_t n) {
    float step = exp2_((float)(EXPONENT_ONE - at[0]));
    for (uint32_t i = 0; i < n; i++) out[i] = (float)at[1 + i] * step;
    return at + 1 + n;
}

/* Sets steps, root, networks and basis of the scene from parameter values. */
static int set_parameters(Scene *s, const int32_t *values) {
    int32_t code = 0;
    for (uint32_t c = 0; c < s->channels; c++) {
        code += values[c]; /* each relative to the one before */
        if (code < 0 || code > 255) return SECTION_DAMAGED;
        s->step[c] = step_of(code);
        s->root[c] = (float)values[s->channels + c] * (s->step[c] / ROOT_DIVISOR);
    }
    const int32_t *at = values + 2 * s->channels;
    for (int i = 0; i < (s->sh_coefficients ? 2 : 1); i++) {
        EntropyNetwork *n = &s->entropy[i];
        if (!n->tensor[0] && !allocate_network(n)) return NO_MEMORY;
        for (int t = 0; t < TENSORS; t++) {
            uint32_t size = tensor_size(n, t);
            float step = size ? exp2_((float)(EXPONENT_ONE - *at++)) : 0.0f;
            for (uint32_t e = 0; e < size; e++) *tensor_element(n, t, e) = (float)*at++ * step;
        }
    }
    for (uint32_t i = 0; s->has_basis && i < 3 * s->sh_coefficients * s->sh_coefficients; i++) {
        if (*at < -127 || *at > 127) return SECTION_DAMAGED;
        s->basis[i / (s->sh_coefficients * s->sh_coefficients)][i % (s->sh_coefficients * s->sh_coefficients)] = (int8_t)*at++;
    }
    SynthesisNetwork *n = &s->synthesis;
    if (!n->hidden) return DONE;
    if (!n->in && !allocate_synthesis(n)) return NO_MEMORY;
    uint32_t sizes[4];
    synthesis_sizes(n, sizes);
    at = scaled(n->out, scaled(n->bias, scaled(n->in, at, sizes[0]), sizes[1]), sizes[2]);
    scaled(n->out_bias, at, sizes[3]);
    return DONE;
}

#endif
