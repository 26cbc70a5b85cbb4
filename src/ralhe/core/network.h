/* The small networks a stream carries, and the probability of one latent.
 *
 * Entropy network of a set of channels (a conditional NADE): one hidden layer sees the context once, and each
 * channel that is decoded at a node is added to it before the next one is predicted:
 *
 *     h_0 = bias + in' x          h_{c+1} = h_c + back[c] squash(k_c)
 *     (mu, s0, s1)_c = out_bias[c] + out[c]' relu(h_c) + skip[c]' (x_pred, x_dev, x_last)_c
 *
 * A latent k is mu rounded plus a residual r. r is zero, positive or negative as a Laplace law of scale exp(s0)
 * says; |r| - 1 is geometric with ratio exp(-1 / exp(s1)), whose binary digits are independent bits. */
#ifndef RALHE_NETWORK_H
#define RALHE_NETWORK_H

#include "range_coder.h"

#define MAX_HIDDEN 64
#define MAX_CHANNELS 55
#define MAX_GROUPS 6
#define TENSORS 8
#define LATENT_LIMIT 32767

enum { IN, BIAS, BACK, OUT, OUT_BIAS, SKIP, FLAG, FLAG_BIAS };

typedef struct {
    uint32_t inputs, hidden, channels, groups, skip_at; /* skip_at: input of channel 0's prediction; 0 for none */
    uint32_t group_end[MAX_GROUPS];
    float *tensor[TENSORS];
} EntropyNetwork;

/* Elements of a tensor as the stream carries it: OUT and OUT_BIAS three per row (mu, s0, s1), SKIP three by three. */
static uint32_t tensor_size(const EntropyNetwork *n, int tensor) {
    uint32_t flags = n->groups ? n->groups + 1 : 0;
    switch (tensor) {
    case IN: return n->inputs * n->hidden;
    case BIAS: return n->hidden;
    case BACK: return n->channels * n->hidden;
    case OUT: return n->channels * n->hidden * 3;
    case OUT_BIAS: return n->channels * 3;
    case SKIP: return n->skip_at ? n->channels * 9 : 0;
    case FLAG: return flags * n->hidden;
    default: return flags;
    }
}

static int padded_rows(int tensor) { return tensor == OUT || tensor == OUT_BIAS || tensor == SKIP; }

static int flag_rows(int tensor) { return tensor == FLAG || tensor == FLAG_BIAS; }

/* Floats that a tensor takes in memory. */
static uint32_t stored_size(const EntropyNetwork *n, int tensor) {
    uint32_t size = tensor_size(n, tensor);
    if (flag_rows(tensor)) return size ? 8 * (tensor == FLAG ? n->hidden : 1) : 0;
    return padded_rows(tensor) ? size / 3 * 4 : size;
}

static int allocate_network(EntropyNetwork *n) {
    for (int t = 0; t < TENSORS; t++) {
        n->tensor[t] = allocate_zero(stored_size(n, t), 4);
        if (!n->tensor[t]) return 0;
    }
    return 1;
}

/* Element e of a tensor in stream order. For SIMD, rows of three are padded to four, and all flags lie side by side. */
static inline float *tensor_element(EntropyNetwork *n, int tensor, uint32_t e) {
    if (tensor == FLAG) return &n->tensor[FLAG][e % n->hidden * 8 + e / n->hidden];
    return &n->tensor[tensor][padded_rows(tensor) ? e / 3 * 4 + e % 3 : e];
}

static float log2_1p_table[256];

static void build_tables(void) {
    for (int i = 0; i < 256; i++) log2_1p_table[i] = log2_(1.0f + (float)i);
}

/* sign(k) log2(1 + |k|), flat beyond 255. */
static inline float squash(int32_t k) {
    int32_t size = k < 0 ? -k : k;
    float x = log2_1p_table[size > 255 ? 255 : size];
    return k < 0 ? -x : x;
}

/* The law of one latent. */
typedef struct {
    int32_t shift;        /* mu rounded */
    uint32_t zero, up;    /* probabilities of r = 0, and of r > 0 where it is not, times 65536 */
    uint32_t low_bits;    /* binary digits of |r| - 1 below the unary part */
    float rate;           /* 1 / exp(s1) */
} Law;

/* The hidden layer, and the laws it told last. */
typedef struct {
    f32x4 h[MAX_HIDDEN / 4];
    Law law[2];
    uint32_t known; /* the second is the law of the channel before this one */
} Hidden;

/* `width` vectors of h from vector `at` on, kept in registers over all inputs. */
static inline __attribute__((always_inline)) void hidden_block(const EntropyNetwork *n, const float *x, f32x4 *h,
                                                               uint32_t at, const uint32_t width) {
    uint32_t lanes = n->hidden / 4;
    const f32x4 *w = (const f32x4 *)n->tensor[IN] + at, *bias = (const f32x4 *)n->tensor[BIAS] + at;
    f32x4 sum[4];
    for (uint32_t j = 0; j < width; j++) sum[j] = bias[j];
    for (uint32_t i = 0; i < n->inputs; i++, w += lanes) {
        f32x4 xi = splat(x[i]);
        for (uint32_t j = 0; j < width; j++) sum[j] += w[j] * xi;
    }
    for (uint32_t j = 0; j < width; j++) h[at + j] = sum[j];
}

static void hidden_start(const EntropyNetwork *n, const float *x, Hidden *hidden) {
    f32x4 *h = hidden->h;
    uint32_t lanes = n->hidden / 4, at = 0;
    hidden->known = 0;
    for (; at + 4 <= lanes; at += 4) hidden_block(n, x, h, at, 4);
    for (; at + 2 <= lanes; at += 2) hidden_block(n, x, h, at, 2);
    if (at < lanes) hidden_block(n, x, h, at, 1);
}

static inline void hidden_add(const EntropyNetwork *n, uint32_t channel, int32_t k, Hidden *hidden) {
    if (!k) return;
    uint32_t lanes = n->hidden / 4;
    const f32x4 *w = (const f32x4 *)n->tensor[BACK] + channel * lanes;
    f32x4 x = splat(squash(k) * 0.5f);
    for (uint32_t j = 0; j < lanes; j++) hidden->h[j] += w[j] * x;
    hidden->known = 0;
}

static inline f32x4 relu(f32x4 x) { return (f32x4)((i32x4)x & (x > splat(0.0f))); }

/* Element i of x, 0 ... 3, everywhere. */
#define LANE(x, i) __builtin_shufflevector(x, x, i, i, i, i)

static inline uint32_t probability(float p) {
    return (uint32_t)clampf(p * 65536.0f, 16.0f, 65520.0f);
}

/* 65536 times the probability that each flag is set. */
static void flag_probabilities(const EntropyNetwork *n, const f32x4 *h, uint32_t *p) {
    const f32x4 *w = (const f32x4 *)n->tensor[FLAG], *bias = (const f32x4 *)n->tensor[FLAG_BIAS];
    f32x4 z[2] = {bias[0], bias[1]};
    for (uint32_t j = 0; j < n->hidden / 4; j++, w += 8) {
        f32x4 x = relu(h[j]);
        for (int i = 0; i < 2; i++) {
            z[i] += w[i] * LANE(x, 0);
            z[i] += w[2 + i] * LANE(x, 1);
            z[i] += w[4 + i] * LANE(x, 2);
            z[i] += w[6 + i] * LANE(x, 3);
        }
    }
    for (int i = 0; i < 2; i++) {
        f32x4 e = exp4(clamp4(-z[i], -20.0f, 20.0f));
        for (int j = 0; j < 4; j++) p[4 * i + j] = probability(1.0f / (1.0f + e[j]));
    }
}

#define LOG_SCALE_MIN -3.5f /* a Laplace scale of 0.03: a zero costs less than 2^-20 bit */
#define LOG_SCALE_MAX 9.0f  /* beyond it the 16-bit latents end */

/* Laws of a channel and, if `count` is 2, of the one after it (or again of the last one). */
static inline __attribute__((always_inline)) void predict(const EntropyNetwork *n, uint32_t channel, const float *x,
                                                          Hidden *hidden, const int count) {
    const uint32_t channels[2] = {channel, channel + 1 < n->channels ? channel + 1 : channel};
    const f32x4 *w[2] = {0};
    f32x4 o[2] = {0}, from_mu = {0};
    for (int i = 0; i < count; i++) {
        w[i] = (const f32x4 *)n->tensor[OUT] + channels[i] * n->hidden;
        o[i] = ((const f32x4 *)n->tensor[OUT_BIAS])[channels[i]];
    }
    for (uint32_t j = 0; j < n->hidden / 4; j++) {
        f32x4 y = relu(hidden->h[j]);
        for (int i = 0; i < count; i++) {
            f32x4 terms[4] = {w[i][0] * LANE(y, 0), w[i][1] * LANE(y, 1), w[i][2] * LANE(y, 2), w[i][3] * LANE(y, 3)};
            o[i] = o[i] + terms[0] + terms[1] + terms[2] + terms[3];
            w[i] += 4;
        }
    }
    for (int i = 0; n->skip_at && i < count; i++) {
        const f32x4 *skip = (const f32x4 *)n->tensor[SKIP] + channels[i] * 3;
        for (uint32_t j = 0; j < 3; j++) o[i] += skip[j] * splat(x[n->skip_at + j * n->channels + channels[i]]);
    }
    f32x4 scales = clamp4((f32x4){o[0][1], o[0][2], o[1][1], o[1][2]}, LOG_SCALE_MIN, LOG_SCALE_MAX);
    f32x4 rates = exp4(-scales);
    for (int i = 0; i < count; i++) {
        float mu = clampf(o[i][0], -30000.0f, 30000.0f), s1 = scales[2 * i + 1];
        Law *law = &hidden->law[i];
        law->shift = round_int(mu);
        law->rate = rates[2 * i + 1];
        law->low_bits = s1 > 0.0f ? (uint32_t)(s1 * 1.44269504f + 0.5f) : 0;
        float f = mu - (float)law->shift;
        from_mu[2 * i] = -(0.5f - f);
        from_mu[2 * i + 1] = -(0.5f + f);
    }
    f32x4 tails = splat(0.5f) * exp4(from_mu * __builtin_shufflevector(rates, rates, 0, 0, 2, 2));
    for (int i = 0; i < count; i++) {
        float up = tails[2 * i], down = tails[2 * i + 1];
        hidden->law[i].zero = probability(1.0f - up - down);
        hidden->law[i].up = probability(up / (up + down + 1e-30f));
    }
}

/* The law of a channel. */
static const Law *law_of(const EntropyNetwork *n, uint32_t channel, const float *x, Hidden *hidden) {
    predict(n, channel, x, hidden, 1);
    return hidden->law;
}

/* The law of each channel in turn, two at a time: neither waits for the sums and exponentials of the other, and the
 * second holds where the first latent is zero, as most harmonics are. */
static const Law *next_law(const EntropyNetwork *n, uint32_t channel, const float *x, Hidden *hidden) {
    if (channel < hidden->known) return hidden->law + 1;
    predict(n, channel, x, hidden, 2);
    hidden->known = channel + 2;
    return hidden->law;
}

#define UNARY_LIMIT 20

#define MAX_DIGITS 16 /* low_bits, which LOG_SCALE_MAX keeps to 13, in fours */

/* 65536 times the probabilities that the low binary digits of a geometric number are one. */
static void digit_probabilities(const Law *l, uint32_t p[MAX_DIGITS]) {
    for (uint32_t j = 0; j < l->low_bits; j += 4) {
        f32x4 e = exp4(splat(-l->rate * (float)(1u << j)) * (f32x4){1.0f, 2.0f, 4.0f, 8.0f});
        f32x4 ones = e / (splat(1.0f) + e);
        for (int i = 0; i < 4; i++) p[j + (uint32_t)i] = probability(ones[i]);
    }
}

static float bits_table[65536];

/* For what counts bits: encoders and tallies. */
static void build_bits(void) {
    if (bits_table[1]) return;
    for (uint32_t p = 1; p < 65536; p++) bits_table[p] = 16.0f - log2_((float)p);
}

/* Bits of what has the probability p / 65536. */
static inline float bits_of(uint32_t p) { return bits_table[p]; }

/* Bits of |r| - 1 = size under the law; the escape after UNARY_LIMIT is Elias gamma. */
static float magnitude_bits(const Law *l, uint32_t size) {
    uint32_t high = size >> l->low_bits;
    uint32_t more = probability(exp_(-l->rate * (float)(1u << l->low_bits)));
    float bits = bits_of(more) * (float)(high < UNARY_LIMIT ? high : UNARY_LIMIT);
    if (high < UNARY_LIMIT) bits += bits_of(65536 - more);
    else bits += 2.0f * (float)(31 - __builtin_clz(high - UNARY_LIMIT + 1)) + 1.0f;
    uint32_t p[MAX_DIGITS];
    digit_probabilities(l, p);
    for (uint32_t j = 0; j < l->low_bits; j++) bits += bits_of(size >> j & 1 ? p[j] : 65536 - p[j]);
    return bits;
}

static float latent_bits(const Law *l, int32_t k) {
    int32_t r = k - l->shift;
    if (!r) return bits_of(l->zero);
    float bits = bits_of(65536 - l->zero) + bits_of(r > 0 ? l->up : 65536 - l->up);
    return bits + magnitude_bits(l, (uint32_t)(r < 0 ? -r : r) - 1);
}

static uint32_t code_gamma(Coder *c, uint32_t value) {
    uint32_t length = 0, read = 1;
    while (length < 16 && code_bit(c, 32768, (value >> (length + 1)) != 0)) length++;
    for (uint32_t i = length; i-- > 0;) read = read << 1 | (uint32_t)code_bit(c, 32768, (int)(value >> i & 1));
    return read;
}

static uint32_t code_magnitude(Coder *c, const Law *l, uint32_t size) {
    uint32_t more = probability(exp_(-l->rate * (float)(1u << l->low_bits)));
    uint32_t wanted = size >> l->low_bits, high = 0;
    while (high < UNARY_LIMIT && code_bit(c, more, high < wanted)) high++;
    if (high == UNARY_LIMIT) high += code_gamma(c, wanted - UNARY_LIMIT + 1) - 1;
    uint32_t read = high, p[MAX_DIGITS];
    digit_probabilities(l, p);
    for (uint32_t j = l->low_bits; j-- > 0;) read = read << 1 | (uint32_t)code_bit(c, p[j], (int)(size >> j & 1));
    return read;
}

static int32_t code_latent(Coder *c, const Law *l, int32_t k) {
    int32_t r = k - l->shift;
    if (code_bit(c, l->zero, r == 0)) return l->shift;
    int up = code_bit(c, l->up, r > 0);
    uint32_t size = code_magnitude(c, l, (uint32_t)(r < 0 ? -r : r) - 1) + 1;
    if (size > 2 * LATENT_LIMIT) size = 2 * LATENT_LIMIT; /* only a hostile stream */
    k = l->shift + (up ? (int32_t)size : -(int32_t)size);
    return k > LATENT_LIMIT ? LATENT_LIMIT : k < -LATENT_LIMIT ? -LATENT_LIMIT : k;
}

/* The network that corrects decoded leaves: linear, relu, linear. */
typedef struct {
    uint32_t inputs, hidden, channels; /* hidden 0: none */
    float *in, *bias, *out, *out_bias; /* [inputs, hidden] [hidden] [channels, hidden] [channels] */
} SynthesisNetwork;

static int allocate_synthesis(SynthesisNetwork *n) {
    n->in = allocate_zero((size_t)n->inputs * n->hidden, 4);
    n->bias = allocate_zero(n->hidden, 4);
    n->out = allocate_zero((size_t)n->channels * n->hidden, 4);
    n->out_bias = allocate_zero(n->channels, 4);
    return n->in && n->bias && n->out && n->out_bias;
}

#endif
