/* The walk over one level of the region-adaptive hierarchy: every merge of its nodes, coarse axis first.
 *
 *        node of level l, mean m            d = m1 - m2, one latent per channel
 *       z: lower m1 | upper m2              m1 = m + d w2 / (w1 + w2)
 *       y, then x inside each half          m2 = m - d w1 / (w1 + w2)
 *
 * Encoder and decoder walk this same code; only the encoder has targets to choose latents from. */
#ifndef RALHE_LATENTS_H
#define RALHE_LATENTS_H

#include "context.h"

typedef struct {
    Scene *scene;
    Coder *coder;
    uint32_t level;
    uint32_t *child_slot;  /* [nodes of the next level] */
    float *child_weight;   /* [nodes of the next level] */
    float log_cell;
    Neighbourhood around;
} Walk;

/* What the encoder wants at a merge: difference and weight of its squared error, by channel. */
typedef struct {
    float wanted[MAX_CHANNELS]; /* in steps */
    float weight[MAX_CHANNELS]; /* importance * step^2 */
} Target;

/* Weighted mean of some rows of the targets, all channels of it. */
static void mean_target(const Scene *s, const uint32_t *row, const float *weight, uint32_t rows, float *restrict mean) {
    const size_t n = s->channels;
    float total = 0.0f;
    for (size_t c = 0; c < n; c++) mean[c] = 0.0f;
    for (uint32_t i = 0; i < rows; i++) {
        const float *restrict from = s->target + row[i] * n;
        for (size_t c = 0; c < n; c++) mean[c] += weight[i] * from[c];
        total += weight[i];
    }
    for (size_t c = 0; c < n; c++) mean[c] /= total;
}

/* Weighted means of all channels over children from ... to, as the decoder weighs them; `sums` has room for them. */
static const float *side_means(const Walk *w, uint32_t from, uint32_t to, float *sums) {
    const Scene *s = w->scene;
    const uint32_t *row = s->target_row[w->level + 1];
    if (to - from == 1) return s->target + (size_t)row[from] * s->channels;
    mean_target(s, row + from, w->child_weight + from, to - from, sums);
    return sums;
}

/* Closed loop: the difference that brings both sides nearest to their means given the mean as decoded so far,
 * counting each side's error by the importance of its leaves. span: children from, middle, to. */
static void set_target(const Walk *w, const Merge *m, uint32_t row, const uint32_t span[3], Target *restrict t) {
    const Scene *s = w->scene;
    const uint32_t *leaf = s->level[w->level + 1].first_leaf;
    float a1 = m->a1, a2 = m->a2, sums[2][MAX_CHANNELS];
    const float *restrict mean1 = side_means(w, span[0], span[1], sums[0]);
    const float *restrict mean2 = side_means(w, span[1], span[2], sums[1]);
    const float *restrict now = s->mean + (size_t)row * s->channels;
    for (uint32_t range = 0, c = 0; c < s->channels; range++) { /* of channels whose errors weigh alike */
        const double *weight = s->weights + weight_class(c);
        float mass[2];
        for (int i = 0; i < 2; i++)
            mass[i] = (float)(weight[(size_t)leaf[span[i + 1]] * WEIGHTS] - weight[(size_t)leaf[span[i]] * WEIGHTS]);
        float gain = mass[0] * a2 * a2 + mass[1] * a1 * a1;
        for (; c < CLASS_END[range] && c < s->channels; c++) {
            float step = s->step[c] * m->step_factor, e1 = mean1[c] - now[c], e2 = mean2[c] - now[c];
            float wanted = gain > 1e-12f ? (mass[0] * a2 * e1 - mass[1] * a1 * e2) / gain : e1 - e2;
            t->wanted[c] = clampf(wanted / step, -30000.0f, 30000.0f);
            t->weight[c] = gain * step * step * s->importance[c];
        }
    }
}

/* What the caller wants at the merge, instead: docs/design.md, "Rounding by pictures". */
static void take_target(const Scene *s, Target *t) {
    size_t at = (size_t)s->listed * s->channels;
    __builtin_memcpy(t->wanted, s->wanted + at, s->channels * 4);
    __builtin_memcpy(t->weight, s->curvature + at, s->channels * 4);
}

/* The latent of least distortion + lambda * rate among the nearest, its neighbour towards mu, mu and zero. */
static int32_t choose_latent(const Scene *s, const Law *law, float wanted, float weight, float *cost) {
    int32_t nearest = round_int(wanted);
    int32_t inner = nearest > law->shift ? nearest - 1 : nearest < law->shift ? nearest + 1 : nearest;
    int32_t candidates[4] = {nearest, inner, law->shift, 0}, best = nearest;
    *cost = 3e38f;
    for (int i = 0; i < 4; i++) {
        int32_t k = candidates[i];
        float e = wanted - (float)k, j = weight * e * e;
        if (j >= *cost || (i && k == candidates[i - 1])) continue;
        j += s->lmbda * latent_bits(law, k);
        if (j < *cost) {
            *cost = j;
            best = k;
        }
    }
    return best;
}

static int32_t code_channel(Scene *s, Coder *coder, const Law *law, uint32_t channel, int32_t k) {
    k = code_latent(coder, law, k);
    if (s->tally) s->bits[bits_class(channel)] += latent_bits(law, k);
    return k;
}

static int code_flag(Scene *s, Coder *coder, uint32_t p, int flag) {
    flag = code_bit(coder, p, flag);
    if (s->tally) s->bits[3] += bits_of(flag ? p : 65536 - p);
    return flag;
}

static void walk_base(Scene *s, Coder *coder, const float *x, const Target *t, int32_t *k) {
    const EntropyNetwork *n = &s->entropy[0];
    Hidden hidden;
    hidden_start(n, x, &hidden);
    for (uint32_t c = 0; c < BASE; c++) {
        const Law *law = law_of(n, c, x, &hidden);
        float cost;
        if (t) k[c] = choose_latent(s, law, t->wanted[c], t->weight[c], &cost);
        k[c] = code_channel(s, coder, law, c, k[c]);
        hidden_add(n, c, k[c], &hidden);
    }
}

/* Whether channels from ... to of the harmonics would all round to zero if zero were what is expected. */
static int all_small(const Target *t, uint32_t from, uint32_t to) {
    for (uint32_t c = BASE + from; c < BASE + to; c++)
        if (!(absf(t->wanted[c]) < 0.5f)) return 0;
    return 1;
}

/* Chooses the latents of the harmonics: group by group all zero or not, then the whole merge.
 * start, p: before the first. */
static void choose_harmonics(const Scene *s, const float *x, const Target *t, const Hidden *start, const uint32_t *p,
                             int32_t *k) {
    const EntropyNetwork *n = &s->entropy[1];
    Hidden hidden = *start;
    f32x4 before[MAX_HIDDEN / 4];
    uint32_t flag[8];
    float with = s->lmbda * bits_of(p[0]), without = s->lmbda * bits_of(65536 - p[0]);
    __builtin_memcpy(flag, p, sizeof flag);
    for (uint32_t g = 0, from = 0; g < n->groups; from = n->group_end[g++]) {
        uint32_t to = n->group_end[g], some = 0, weighed = all_small(t, from, to) ? from : to;
        float coded = s->lmbda * bits_of(flag[g + 1]), zero = 0.0f;
        for (uint32_t c = from; c < to; c++) zero += t->weight[BASE + c] * t->wanted[BASE + c] * t->wanted[BASE + c];
        without += zero;
        zero += s->lmbda * bits_of(65536 - flag[g + 1]);
        __builtin_memcpy(before, hidden.h, n->hidden * 4);
        for (uint32_t c = from; c < weighed; c++) {
            float cost;
            k[c] = choose_latent(s, next_law(n, c, x, &hidden), t->wanted[BASE + c], t->weight[BASE + c], &cost);
            coded += cost;
            some |= k[c] != 0;
            hidden_add(n, c, k[c], &hidden);
        }
        if (some && coded < zero) {
            flag_probabilities(n, hidden.h, flag);
            with += coded;
            continue;
        }
        for (uint32_t c = from; c < to; c++) k[c] = 0;
        __builtin_memcpy(hidden.h, before, n->hidden * 4);
        hidden.known = 0;
        with += zero;
    }
    if (without <= with)
        for (uint32_t c = 0; c < n->channels; c++) k[c] = 0;
}

static int any_latent(const int32_t *k, uint32_t from, uint32_t to) {
    for (uint32_t c = from; c < to; c++)
        if (k[c]) return 1;
    return 0;
}

static void walk_harmonics(Scene *s, Coder *coder, const float *x, const Target *t, int32_t *k) {
    const EntropyNetwork *n = &s->entropy[1];
    Hidden hidden;
    uint32_t flag[8];
    hidden_start(n, x, &hidden);
    flag_probabilities(n, hidden.h, flag);
    if (t && !all_small(t, 0, n->channels)) choose_harmonics(s, x, t, &hidden, flag, k);
    if (!code_flag(s, coder, flag[0], any_latent(k, 0, n->channels))) return;
    for (uint32_t g = 0, from = 0; g < n->groups; from = n->group_end[g++]) {
        if (!code_flag(s, coder, flag[g + 1], any_latent(k, from, n->group_end[g]))) continue;
        for (uint32_t c = from; c < n->group_end[g]; c++) {
            k[c] = code_channel(s, coder, next_law(n, c, x, &hidden), BASE + c, k[c]);
            hidden_add(n, c, k[c], &hidden);
        }
        flag_probabilities(n, hidden.h, flag);
    }
}

static void record(Scene *s, const float *base, const float *harmonics, const int32_t *k) {
    if (!s->stride || s->merges++ % s->stride || s->recorded == s->capacity) return;
    __builtin_memcpy(s->inputs[0] + (size_t)s->recorded * BASE_INPUTS, base, BASE_INPUTS * 4);
    if (s->sh_coefficients)
        __builtin_memcpy(s->inputs[1] + (size_t)s->recorded * HARMONIC_INPUTS, harmonics, HARMONIC_INPUTS * 4);
    int16_t *out = s->latents + (size_t)s->recorded * s->channels;
    for (uint32_t c = 0; c < s->channels; c++) out[c] = (int16_t)k[c];
    s->recorded++;
}

static void list_merge(Scene *s, const Merge *m, const Target *t, uint32_t low, uint32_t high) {
    if (!s->hierarchy || !t) return;
    size_t at = s->listed++;
    s->hierarchy[at] = (MergeRecord){low, high, m->a1, m->step_factor};
    if (s->aimed) return; /* the targets are what was given */
    __builtin_memcpy(s->wanted + at * s->channels, t->wanted, s->channels * 4);
    __builtin_memcpy(s->curvature + at * s->channels, t->weight, s->channels * 4);
}

/* mean + d a2 and mean - d a1 with d = k step, for n channels. */
static void split_means(uint32_t n, const int32_t *restrict k, const float *restrict step, const Merge *m,
                        float *restrict lower, float *restrict upper) {
    float a1 = m->a1, a2 = m->a2, factor = m->step_factor;
    for (uint32_t c = 0; c < n; c++) {
        float d = (float)k[c] * (step[c] * factor), mean = lower[c];
        lower[c] = mean + d * a2;
        upper[c] = mean - d * a1;
    }
}

/* What the next merges on both sides will know of this one. */
static void remember(uint32_t n, const int32_t *restrict k, int8_t *restrict lower, int8_t *restrict upper) {
    for (uint32_t c = 0; c < n; c++) {
        int32_t kept = k[c] > 127 ? 127 : k[c] < -127 ? -127 : k[c];
        lower[c] = upper[c] = (int8_t)kept;
    }
}

/* Splits row `low` by latents k; the upper side goes to row `high`. */
static void split_row(Scene *s, const Merge *m, const int32_t *k, uint32_t low, uint32_t high, uint32_t level) {
    size_t n = s->channels;
    split_means(s->channels, k, s->step, m, s->mean + low * n, s->mean + high * n);
    remember(s->channels, k, s->last + low * n, s->last + high * n);
    for (uint32_t c = 0; c < BASE; c++) {
        float d = (float)k[c] * (s->step[c] * m->step_factor);
        s->change[(size_t)low * BASE + c] = d * m->a2;
        s->change[(size_t)high * BASE + c] = -(d * m->a1);
    }
    s->born[low] = s->born[high] = (uint8_t)level;
}

static void merge(Walk *w, const Merge *m, uint32_t row, const uint32_t span[3], uint32_t upper_row) {
    Scene *s = w->scene;
    float base[BASE_INPUTS], harmonics[HARMONIC_INPUTS];
    int32_t k[MAX_CHANNELS] = {0};
    const int8_t *last = s->last + (size_t)row * s->channels;
    Target target, *t = 0;
    if (w->coder->writing) {
        t = &target;
        if (s->aimed) take_target(s, t);
        else set_target(w, m, row, span, t);
    }
    geometry_inputs(s, m, &w->around, w->level, base);
    base_inputs(s, m, &w->around, last, w->log_cell, base);
    walk_base(s, w->coder, base, t, k);
    if (s->sh_coefficients) {
        __builtin_memcpy(harmonics, base, GEOMETRY_INPUTS * 4);
        harmonic_inputs(s, &w->around, k, last, w->log_cell, harmonics + GEOMETRY_INPUTS);
        walk_harmonics(s, w->coder, harmonics, t, k + BASE);
    }
    record(s, base, harmonics, k);
    list_merge(s, m, t, row, upper_row);
    split_row(s, m, k, row, upper_row, w->level);
}

/* Children from ... to of one node, all in row `row`; splits along `axis` where both sides are occupied. */
static void split(Walk *w, uint32_t from, uint32_t to, int axis, uint32_t row) {
    Scene *s = w->scene;
    const Level *next = &s->level[w->level + 1];
    if (to - from == 1) {
        w->child_slot[from] = row;
        return;
    }
    uint32_t middle = from;
    while (middle < to && !(next->code[middle] >> axis & 1)) middle++;
    if (middle == from || middle == to) {
        split(w, from, to, axis - 1, row);
        return;
    }
    Merge m = {.axis = axis};
    for (uint32_t i = from; i < middle; i++) m.w1 += w->child_weight[i];
    for (uint32_t i = middle; i < to; i++) m.w2 += w->child_weight[i];
    m.a1 = m.w1 / (m.w1 + m.w2);
    m.a2 = m.w2 / (m.w1 + m.w2);
    m.log_weight = log2_(m.w1 * m.w2 / (m.w1 + m.w2));
    m.step_factor = exp2_(-(0.5f + s->shape) * m.log_weight);
    const uint32_t span[3] = {from, middle, to}, upper = s->used++;
    merge(w, &m, row, span, upper);
    split(w, from, middle, axis - 1, row);
    split(w, middle, to, axis - 1, upper);
}

static int grow_rows(Scene *s, uint32_t rows) {
    size_t used = s->used, c = s->channels;
    float *mean = reallocate(s->mean, used * c * 4, (uint64_t)rows * c * 4);
    if (mean) s->mean = mean;
    float *change = reallocate(s->change, used * BASE * 4, (uint64_t)rows * BASE * 4);
    if (change) s->change = change;
    int8_t *last = reallocate(s->last, used * c, (uint64_t)rows * c);
    if (last) s->last = last;
    uint8_t *born = reallocate(s->born, used, rows);
    if (born) s->born = born;
    return mean && change && last && born;
}

/* Codes every merge of level s->at; afterwards the nodes of the next level have attributes. Answers a Failure. */
static int walk_level(Scene *s, Coder *coder) {
    uint32_t level = s->at, n = s->nodes[level], children = s->nodes[level + 1];
    const Level *v = &s->level[level];
    Index index = {0};
    Walk w = {.scene = s, .coder = coder, .level = level};
    w.child_slot = allocate((size_t)children * 4);
    w.child_weight = allocate((size_t)children * 4);
    w.log_cell = s->log_voxel + (float)(s->depth - level) * 0.69314718f;
    float *means = allocate_zero((size_t)n * BASE_ROW, 4);
    int ok = w.child_slot && w.child_weight && means && build_index(&index, v) && grow_rows(s, children);
    for (uint32_t i = 0; ok && i < n; i++)
        for (uint32_t c = 0; c < BASE; c++) means[(size_t)i * BASE_ROW + c] = s->mean[(size_t)s->slot[i] * s->channels + c];
    for (uint32_t i = 0; ok && i < children; i++) w.child_weight[i] = node_weight(s, level + 1, i);
    for (uint32_t i = 0; ok && i < n; i++) {
        uint32_t from = v->first_child[i], to = v->first_child[i + 1];
        if (to - from > 1) {
            look_around(v, &index, means, i, (int)level, &w.around);
            w.around.children = to - from;
        }
        split(&w, from, to, 2, s->slot[i]);
        if (coder->failed) ok = 0;
    }
    release(index.slot);
    release(means);
    release(w.child_weight);
    if (!ok) {
        release(w.child_slot);
        return coder->failed && !coder->writing ? SECTION_DAMAGED : NO_MEMORY;
    }
    release(s->slot);
    s->slot = w.child_slot;
    s->at++;
    return DONE;
}

#endif
