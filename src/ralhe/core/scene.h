/* What one stream describes, as far as it has been walked: the same state for encoder and decoder. */
#ifndef RALHE_SCENE_H
#define RALHE_SCENE_H

#include "network.h"
#include "octree.h"

#define BASE 10      /* opacity logit, luma, two chromas, six of the log-covariance */
#define BASE_ROW 12  /* padded to whole SIMD vectors */
#define SCALES 2     /* 0: base, 1: spherical harmonics */
#define WEIGHTS 3    /* classes of encoder weights: opacity, colour, shape */

/* A merge as the optimiser needs it. */
typedef struct {
    uint32_t lower, upper; /* rows of both sides; the lower one held the mean */
    float share;           /* w1 / (w1 + w2) */
    float step_factor;
} MergeRecord;

typedef struct {
    /* header */
    uint32_t depth, lookahead, sh_coefficients, channels, leaves;
    uint32_t contracted;
    double origin[3], voxel;             /* of the voxelised coordinates */
    float log_voxel;                     /* natural log of the voxel in scene units */
    double centre[3], scale;             /* of the contraction */
    float step[MAX_CHANNELS];            /* quantiser step at weight 1 */
    float shape;                         /* step = step[c] * weight^-(1/2 + shape) */
    float root[MAX_CHANNELS];            /* mean of all */
    int8_t basis[3][15 * 15];            /* spherical-harmonic planes: coefficients = basis / 127 * channels */
    uint32_t has_basis;
    uint32_t nodes[MAX_DEPTH + 1];       /* occupied nodes by level */
    EntropyNetwork entropy[SCALES];
    SynthesisNetwork synthesis;

    /* walk */
    Level level[MAX_DEPTH + 1];
    uint32_t at;       /* level whose nodes have attributes */
    uint32_t used;     /* rows of the arrays below in use: nodes[at] */
    uint32_t *slot;    /* [nodes[at]] row of each node of level `at` */
    float *mean;       /* [used, channels] */
    float *change;     /* [used, BASE] what the last merge added */
    int8_t *last;      /* [used, channels] latents of the last merge */
    uint8_t *born;     /* [used] level of the last merge */
    OccupancyModel occupancy;

    /* encoder only */
    const uint64_t *leaf_code;  /* [leaves] */
    uint32_t *target_row[MAX_DEPTH + 1]; /* [nodes[l]] row of each node's target; a single child shares its parent's */
    float *target;              /* [leaves + branching nodes, channels] means as the decoder weighs them */
    double *weights;            /* [leaves + 1, WEIGHTS] running sums of weight */
    float importance[MAX_CHANNELS]; /* squared error of a channel counts this much */
    float lmbda;
    uint32_t stride;            /* every stride-th merge is recorded for training; 0 for none */
    uint32_t merges, recorded, capacity;
    float *inputs[SCALES];      /* [capacity, inputs] */
    int16_t *latents;           /* [capacity, channels] */
    MergeRecord *hierarchy;     /* [leaves - 1] every merge in coding order, or 0 */
    float *wanted;              /* [leaves - 1, channels] targets of those merges, in steps */
    float *curvature;           /* [leaves - 1, channels] distortion of one step of error */
    uint32_t listed;
    uint32_t aimed;             /* `wanted` and `curvature` were given, and say what the latents should be */
    double bits[4];             /* opacity, colour, shape, harmonics */
    uint32_t tally;
} Scene;

/* Where channels of one class end: opacity, colour, shape, and harmonics, which weigh as colour does. */
static const uint32_t CLASS_END[] = {1, 4, BASE, MAX_CHANNELS};

static inline int weight_class(uint32_t channel) {
    return channel < CLASS_END[0] ? 0 : channel < CLASS_END[1] ? 1 : channel < CLASS_END[2] ? 2 : 1;
}

static inline int bits_class(uint32_t channel) { return channel < BASE ? weight_class(channel) : 3; }

/* Level from whose counts the weights of level m come. */
static inline uint32_t weight_level(const Scene *s, uint32_t m) {
    return m + s->lookahead < s->depth ? m + s->lookahead : s->depth;
}

/* Descendants from ... to of a node of level m at its weight level, which is answered. */
static uint32_t descendants(const Scene *s, uint32_t m, uint32_t node, uint32_t *from, uint32_t *to) {
    uint32_t end = weight_level(s, m);
    *from = node;
    *to = node + 1;
    for (uint32_t l = m; l < end; l++) {
        *from = s->level[l].first_child[*from];
        *to = s->level[l].first_child[*to];
    }
    return end;
}

/* Leaves that a node of level m stands for: its descendants at the weight level, scaled to sum to the leaves. */
static float node_weight(const Scene *s, uint32_t m, uint32_t node) {
    uint32_t from, to, end = descendants(s, m, node, &from, &to);
    return (float)(to - from) * ((float)s->leaves / (float)s->nodes[end]);
}

/* Size of the means as the networks see them: logits, colours, logarithms against the cell. */
static inline float seen_mean(const float *mean, uint32_t c, float log_cell) {
    if (c == 0) return mean[0] * 0.25f;
    if (c < 4) return mean[c] * 0.5f;
    return (c < 7 ? mean[c] - log_cell : mean[c]) * 0.25f;
}

static void release_networks(Scene *s) {
    for (int i = 0; i < SCALES; i++)
        for (int t = 0; t < TENSORS; t++) release(s->entropy[i].tensor[t]);
    SynthesisNetwork *n = &s->synthesis;
    release(n->in);
    release(n->bias);
    release(n->out);
    release(n->out_bias);
}

#endif
