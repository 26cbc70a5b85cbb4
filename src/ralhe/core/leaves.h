/* From the decoded attributes of the nodes of a level to Gaussians as scene files store them. */
#ifndef RALHE_LEAVES_H
#define RALHE_LEAVES_H

#include "scene.h"

#define SYNTHESIS_INPUTS (2 * BASE + 2)

static const int ENTRY[6][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}}; /* of a symmetric matrix, as stored */

/* Arrays of one level, nodes in Morton order. */
typedef struct {
    uint32_t n;
    float *positions;  /* [n, 3] */
    float *log_scales; /* [n, 3] */
    float *rotations;  /* [n, 4] w, x, y, z of unit norm */
    float *opacities;  /* [n] logits */
    float *harmonics;  /* [n, 1 + sh_coefficients, 3] R, G, B */
} Output;

/* What the synthesis network sees of a leaf: itself, what the last merge changed, weight and level of that merge. */
static void synthesis_inputs(const Scene *s, uint32_t row, float *x) {
    const float *mean = s->mean + (size_t)row * s->channels, *change = s->change + (size_t)row * BASE;
    for (uint32_t c = 0; c < BASE; c++) {
        x[c] = clampf(seen_mean(mean, c, s->log_voxel), -4.0f, 4.0f);
        x[BASE + c] = clampf(change[c] / s->step[c], -8.0f, 8.0f) * 0.25f;
    }
    x[2 * BASE] = clampf((float)(s->depth - s->born[row]) * 0.25f, 0.0f, 2.0f);
    x[2 * BASE + 1] = 1.0f;
}

/* Adds the correction, in steps, to the attributes of a leaf. */
static void synthesise(const Scene *s, uint32_t row, float *attributes) {
    const SynthesisNetwork *n = &s->synthesis;
    float x[SYNTHESIS_INPUTS];
    f32x4 hidden[MAX_HIDDEN / 4];
    uint32_t lanes = n->hidden / 4;
    synthesis_inputs(s, row, x);
    const f32x4 *in = (const f32x4 *)n->in;
    for (uint32_t j = 0; j < lanes; j++) hidden[j] = ((const f32x4 *)n->bias)[j];
    for (uint32_t i = 0; i < n->inputs; i++, in += lanes)
        for (uint32_t j = 0; j < lanes; j++) hidden[j] += in[j] * splat(x[i]);
    float *h = (float *)hidden;
    for (uint32_t j = 0; j < n->hidden; j++) h[j] = h[j] > 0.0f ? h[j] : 0.0f;
    for (uint32_t c = 0; c < n->channels; c++) {
        float y = n->out_bias[c];
        for (uint32_t j = 0; j < n->hidden; j++) y += n->out[c * n->hidden + j] * h[j];
        attributes[c] += clampf(y, -16.0f, 16.0f) * s->step[c];
    }
}

/* Eigenvectors (columns of v) and eigenvalues of a symmetric matrix given as xx, yy, zz, xy, xz, yz:
 * cyclic Jacobi (Golub and Van Loan, Matrix Computations, 8.5). */
static void eigen(const float a[6], float values[3], float v[9]) {
    float m[3][3] = {{a[0], a[3], a[4]}, {a[3], a[1], a[5]}, {a[4], a[5], a[2]}};
    for (int i = 0; i < 9; i++) v[i] = i % 4 == 0 ? 1.0f : 0.0f;
    for (int sweep = 0; sweep < 6; sweep++) {
        float off = absf(m[0][1]) + absf(m[0][2]) + absf(m[1][2]);
        if (!(off > 1e-7f * (absf(m[0][0]) + absf(m[1][1]) + absf(m[2][2])))) break;
        for (int p = 0; p < 2; p++)
            for (int q = p + 1; q < 3; q++) {
                if (!(absf(m[p][q]) > 1e-30f)) continue;
                float theta = (m[q][q] - m[p][p]) / (2.0f * m[p][q]);
                float t = 1.0f / (absf(theta) + sqrt_(theta * theta + 1.0f));
                if (theta < 0.0f) t = -t;
                float c = 1.0f / sqrt_(t * t + 1.0f), s = t * c;
                int r = 3 - p - q;
                float mpq = m[p][q], mrp = m[r][p], mrq = m[r][q];
                m[p][p] -= t * mpq;
                m[q][q] += t * mpq;
                m[p][q] = m[q][p] = 0.0f;
                m[r][p] = m[p][r] = c * mrp - s * mrq;
                m[r][q] = m[q][r] = s * mrp + c * mrq;
                for (int i = 0; i < 3; i++) {
                    float vp = v[3 * i + p], vq = v[3 * i + q];
                    v[3 * i + p] = c * vp - s * vq;
                    v[3 * i + q] = s * vp + c * vq;
                }
            }
    }
    for (int i = 0; i < 3; i++) values[i] = m[i][i];
}

/* Unit quaternion w, x, y, z with w >= 0 of a rotation matrix (Shepperd 1978); a reflection has its last column
 * turned round first. */
static void quaternion(float r[9], float q[4]) {
    float det = r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) + r[2] * (r[3] * r[7] - r[4] * r[6]);
    if (det < 0.0f)
        for (int i = 0; i < 3; i++) r[3 * i + 2] = -r[3 * i + 2];
    float square[4] = {1.0f + r[0] + r[4] + r[8], 1.0f + r[0] - r[4] - r[8], 1.0f - r[0] + r[4] - r[8],
                       1.0f - r[0] - r[4] + r[8]};
    int k = 0;
    for (int i = 1; i < 4; i++)
        if (square[i] > square[k]) k = i;
    float half = sqrt_(square[k]) * 0.5f, quarter = 0.25f / half;
    float wx = (r[7] - r[5]) * quarter, wy = (r[2] - r[6]) * quarter, wz = (r[3] - r[1]) * quarter;
    float xy = (r[1] + r[3]) * quarter, xz = (r[2] + r[6]) * quarter, yz = (r[5] + r[7]) * quarter;
    const float rows[4][4] = {{half, wx, wy, wz}, {wx, half, xy, xz}, {wy, xy, half, yz}, {wz, xz, yz, half}};
    float sign = rows[k][0] < 0.0f ? -1.0f : 1.0f;
    for (int i = 0; i < 4; i++) {
        float x = rows[k][i] * sign;
        q[i] = finitef_(x) ? x : (i == 0 ? 1.0f : 0.0f);
    }
}

#define LOG_SCALE_LIMIT 40.0f

/* log_covariance: half the matrix logarithm of the covariance as xx, yy, zz and sqrt(2) times xy, xz, yz.
 * spread: added to the covariance (0: none). */
static void shape_of(const float *log_covariance, const float *spread, float *log_scales, float *rotation) {
    float a[6], values[3], v[9];
    for (int i = 0; i < 6; i++) a[i] = clampf(log_covariance[i], -1e6f, 1e6f) * (i < 3 ? 1.0f : 0.70710678f);
    eigen(a, values, v);
    for (int i = 0; i < 3; i++) values[i] = clampf(values[i], -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT);
    if (spread) {
        float variance[3];
        for (int j = 0; j < 3; j++) variance[j] = exp_(2.0f * values[j]);
        for (int i = 0; i < 6; i++) {
            a[i] = spread[i];
            for (int j = 0; j < 3; j++) a[i] += v[3 * ENTRY[i][0] + j] * variance[j] * v[3 * ENTRY[i][1] + j];
        }
        eigen(a, values, v);
        for (int i = 0; i < 3; i++)
            values[i] = clampf(0.5f * log_(values[i]), -LOG_SCALE_LIMIT, LOG_SCALE_LIMIT);
    }
    for (int i = 0; i < 3; i++) log_scales[i] = values[i];
    quaternion(v, rotation);
}

/* Luma and two chromas, orthonormal, to R, G, B. */
static inline void colour(float y, float u, float v, float *rgb) {
    float grey = y * 0.57735027f, red_blue = u * 0.70710678f, green = v * 0.40824829f;
    rgb[0] = grey + red_blue - green;
    rgb[1] = grey + 2.0f * green;
    rgb[2] = grey - red_blue - green;
}

/* The basis as its products with a plane are summed: [plane][channel][coefficient, padded to 16]. */
static _Alignas(16) float basis_columns[3][15][16];

static void lay_out_basis(const Scene *s) {
    uint32_t k = s->sh_coefficients;
    for (uint32_t p = 0; s->has_basis && p < 3; p++)
        for (uint32_t i = 0; i < k; i++)
            for (uint32_t j = 0; j < k; j++) basis_columns[p][j][i] = (float)s->basis[p][i * k + j] * (1.0f / 127.0f);
}

static void harmonics_of(const Scene *s, const float *attributes, float *out) {
    uint32_t k = s->sh_coefficients;
    f32x4 planes[3][4] = {0};
    for (uint32_t p = 0; p < 3; p++) {
        const float *x = attributes + BASE + p * k;
        if (!s->has_basis) __builtin_memcpy(planes[p], x, k * 4);
        for (uint32_t j = 0; s->has_basis && j < k; j++)
            for (int i = 0; i < 4; i++) planes[p][i] += ((const f32x4 *)basis_columns[p][j])[i] * splat(x[j]);
    }
    const float *y = (const float *)planes[0], *u = (const float *)planes[1], *v = (const float *)planes[2];
    colour(attributes[1], attributes[2], attributes[3], out);
    for (uint32_t i = 0; i < k; i++) colour(y[i], u[i], v[i], out + 3 * (i + 1));
}

/* Scene position of a point in voxels of a level; the contraction is undone by sinh. */
static double world(const Scene *s, int axis, double cells, uint32_t level) {
    double u = s->origin[axis] + cells * s->voxel * (double)((uint64_t)1 << (s->depth - level));
    if (!s->contracted) return u;
    float size = absf((float)u), e = exp_(size < 60.0f ? size : 60.0f);
    double sinh = size < 0.01f ? (double)size + (double)size * size * size / 6.0 : 0.5 * ((double)e - 1.0 / (double)e);
    return s->centre[axis] + s->scale * (u < 0.0 ? -sinh : sinh);
}

/* Every third bit of a Morton code, from bit `axis` on, closed up. */
static uint32_t axis_of(uint64_t code, int axis) {
    uint64_t x = code >> axis & AXIS_BITS;
    x = (x | x >> 2) & 0x10c30c30c30c30c3u;
    x = (x | x >> 4) & 0x100f00f00f00f00fu;
    x = (x | x >> 8) & 0x001f0000ff0000ffu;
    x = (x | x >> 16) & 0x001f00000000ffffu;
    return (uint32_t)(x | x >> 32) & 0x1fffffu;
}

/* Mean and spread of the known descendants of a node: a leaf is the centre of its voxel and has no spread. */
static void place(const Scene *s, uint32_t level, uint32_t node, float position[3], float spread[6]) {
    uint32_t from, to, end = descendants(s, level, node, &from, &to);
    double mean[3] = {0}, cell[3] = {0}, second[6] = {0};
    for (uint32_t i = from; i < to; i++) {
        double p[3];
        for (int a = 0; a < 3; a++) {
            uint32_t x = axis_of(s->level[end].code[i], a);
            p[a] = world(s, a, (double)x + 0.5, end);
            mean[a] += p[a];
            if (i == from) cell[a] = world(s, a, (double)x + 1.0, end) - world(s, a, (double)x, end);
        }
        for (int a = 0; a < 3; a++) second[a] += p[a] * p[a];
        second[3] += p[0] * p[1];
        second[4] += p[0] * p[2];
        second[5] += p[1] * p[2];
    }
    double n = (double)(to - from);
    for (int a = 0; a < 3; a++) position[a] = (float)(mean[a] /= n);
    for (int i = 0; i < 6; i++) {
        double c = second[i] / n - mean[ENTRY[i][0]] * mean[ENTRY[i][1]];
        if (i < 3) c = (c > 0.0 ? c : 0.0) + cell[i] * cell[i] / 12.0;
        spread[i] = (float)c;
    }
}

static void write_node(const Scene *s, uint32_t node, Output *out) {
    const Level *v = &s->level[s->at];
    uint32_t row = s->slot[node], leaf = s->at == s->depth, sh = 3 * (1 + s->sh_coefficients);
    float attributes[MAX_CHANNELS], spread[6];
    for (uint32_t c = 0; c < s->channels; c++) attributes[c] = s->mean[(size_t)row * s->channels + c];
    if (leaf && s->synthesis.hidden) synthesise(s, row, attributes);
    for (uint32_t c = 0; c < s->channels; c++) attributes[c] = clampf(attributes[c], -1e6f, 1e6f);
    float *position = out->positions + (size_t)node * 3;
    if (leaf)
        for (int a = 0; a < 3; a++) position[a] = (float)world(s, a, (double)axis_of(v->code[node], a) + 0.5, s->depth);
    else
        place(s, s->at, node, position, spread);
    for (int a = 0; a < 3; a++) position[a] = clampf(position[a], -1e30f, 1e30f);
    shape_of(attributes + 4, leaf ? 0 : spread, out->log_scales + (size_t)node * 3, out->rotations + (size_t)node * 4);
    out->opacities[node] = clampf(attributes[0], -60.0f, 60.0f);
    harmonics_of(s, attributes, out->harmonics + (size_t)node * sh);
}

static void release_output(Output *o) {
    release(o->positions);
    release(o->log_scales);
    release(o->rotations);
    release(o->opacities);
    release(o->harmonics);
    *o = (Output){0};
}

/* The nodes of the level walked last as Gaussians. 0: out of memory. */
static int write_output(const Scene *s, Output *o) {
    release_output(o);
    size_t n = s->nodes[s->at];
    o->n = (uint32_t)n;
    o->positions = allocate(n * 12);
    o->log_scales = allocate(n * 12);
    o->rotations = allocate(n * 16);
    o->opacities = allocate(n * 4);
    o->harmonics = allocate(n * 12 * (1 + s->sh_coefficients));
    if (!(o->positions && o->log_scales && o->rotations && o->opacities && o->harmonics)) return 0;
    lay_out_basis(s);
    for (uint32_t i = 0; i < n; i++) write_node(s, i, o);
    return 1;
}

#endif
