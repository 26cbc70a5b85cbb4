/* What is known before a merge is decoded: the neighbourhood one level coarser, the node, its last merge. */
#ifndef RALHE_CONTEXT_H
#define RALHE_CONTEXT_H

#include "scene.h"

#define GEOMETRY_INPUTS 7
#define BASE_INPUTS (GEOMETRY_INPUTS + 4 * BASE)
#define PREDICTION_AT GEOMETRY_INPUTS
#define HARMONIC_INPUTS (GEOMETRY_INPUTS + 3 * BASE + MAX_GROUPS)

typedef struct {
    _Alignas(16) float mean[BASE_ROW]; /* of the node */
    float gradient[3][BASE_ROW]; /* per cell along x, y, z, from the neighbours */
    float deviation[BASE_ROW];   /* mean absolute difference to the neighbours */
    uint32_t neighbours, children;
} Neighbourhood;

/* Differences to the occupied ones of the 26 neighbours, weighted by 1, 1/2, 1/3 for faces, edges, corners. */
static void look_around(const Level *v, const Index *index, const float *means, uint32_t node, int level,
                        Neighbourhood *out) {
    const f32x4 *own = (const f32x4 *)(means + (size_t)node * BASE_ROW);
    f32x4 gradient[3][3] = {0}, deviation[3] = {0};
    float total = 0.0f, spread[3] = {0.5f, 0.5f, 0.5f};
    uint32_t found = 0;
    uint64_t part[3][3]; /* Morton bits of the coordinate one down, here, one up, by axis */
    int inside[3][3];
    for (int axis = 0; axis < 3; axis++)
        for (int d = 0; d < 3; d++) {
            inside[axis][d] = 1;
            part[axis][d] = step_code(v->code[node], axis, d - 1, level, &inside[axis][d]) & AXIS_BITS << axis;
        }
    for (int dz = -1; dz <= 1; dz++)
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                int distance = dx * dx + dy * dy + dz * dz;
                if (!distance || !(inside[0][dx + 1] & inside[1][dy + 1] & inside[2][dz + 1])) continue;
                int32_t other = find_node(index, v, part[0][dx + 1] | part[1][dy + 1] | part[2][dz + 1]);
                if (other < 0) continue;
                found++;
                const f32x4 *theirs = (const f32x4 *)(means + (size_t)other * BASE_ROW);
                float w = 1.0f / (float)distance;
                total += w;
                int offset[3] = {dx, dy, dz};
                for (int i = 0; i < 3; i++) {
                    f32x4 d = (theirs[i] - own[i]) * splat(w);
                    f32x4 negative = -d;
                    deviation[i] += (f32x4)((i32x4)d & 0x7fffffff);
                    for (int a = 0; a < 3; a++)
                        if (offset[a]) gradient[a][i] += offset[a] > 0 ? d : negative;
                }
                for (int a = 0; a < 3; a++) spread[a] += offset[a] ? w : 0.0f;
            }
    f32x4 share = splat(total > 0.0f ? 1.0f / total : 0.0f);
    for (int i = 0; i < 3; i++) {
        ((f32x4 *)out->mean)[i] = own[i];
        ((f32x4 *)out->deviation)[i] = deviation[i] * share;
        for (int a = 0; a < 3; a++) ((f32x4 *)out->gradient[a])[i] = gradient[a][i] * splat(1.0f / spread[a]);
    }
    out->neighbours = found;
}

/* One merge: two sets of children side by side along an axis, the lower one first. */
typedef struct {
    int axis;          /* 0 x, 1 y, 2 z */
    float w1, w2;      /* weights of the lower and the upper side */
    float a1, a2;      /* their shares in the sum */
    float log_weight;  /* log2 of w1 w2 / (w1 + w2) */
    float step_factor; /* step of channel c is step[c] * step_factor */
} Merge;

static void geometry_inputs(const Scene *s, const Merge *m, const Neighbourhood *n, uint32_t level, float *x) {
    x[0] = clampf(m->log_weight * 0.25f, -1.0f, 5.0f);
    x[1] = clampf(log2_(m->w1 / m->w2) * 0.5f, -3.0f, 3.0f);
    x[2] = m->axis == 1 ? 1.0f : 0.0f;
    x[3] = m->axis == 0 ? 1.0f : 0.0f;
    x[4] = clampf((float)(s->depth - 1 - level) * 0.25f, 0.0f, 2.0f);
    x[5] = (float)n->children * 0.125f;
    x[6] = (float)n->neighbours * 0.125f;
}

static void base_inputs(const Scene *s, const Merge *m, const Neighbourhood *n, const int8_t *last, float log_cell,
                        float *x) {
    for (uint32_t c = 0; c < BASE; c++) {
        float per_step = 1.0f / (s->step[c] * m->step_factor);
        float prediction = -0.5f * n->gradient[m->axis][c] * per_step;
        x[PREDICTION_AT + c] = clampf(prediction, -64.0f, 64.0f) * 0.25f;
        x[PREDICTION_AT + BASE + c] = log2_(1.0f + clampf(n->deviation[c] * per_step, 0.0f, 1e6f)) * 0.5f;
        x[PREDICTION_AT + 2 * BASE + c] = absf(squash(last[c])) * 0.5f;
        x[PREDICTION_AT + 3 * BASE + c] = clampf(seen_mean(n->mean, c, log_cell), -4.0f, 4.0f);
    }
}

/* The harmonics see the base latents of the merge, and how much the last merge had in each group. */
static void harmonic_inputs(const Scene *s, const Neighbourhood *n, const int32_t *k, const int8_t *last,
                            float log_cell, float *x) {
    const EntropyNetwork *net = &s->entropy[1];
    for (uint32_t c = 0; c < BASE; c++) {
        float y = squash(k[c]) * 0.5f;
        x[c] = y;
        x[BASE + c] = absf(y);
        x[2 * BASE + c] = clampf(seen_mean(n->mean, c, log_cell), -4.0f, 4.0f);
    }
    x += 3 * BASE;
    for (uint32_t g = 0, c = 0; g < MAX_GROUPS; g++) {
        int32_t sum = 0;
        for (; g < net->groups && c < net->group_end[g]; c++) sum += last[BASE + c] < 0 ? -last[BASE + c] : last[BASE + c];
        x[g] = squash(sum) * 0.5f;
    }
}

#endif
