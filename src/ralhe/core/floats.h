/* Float32 arithmetic that gives the same bits on every machine: only IEEE + - * / and comparisons,
 * never a library call, never a fused multiply-add. Comparisons are written so that NaN takes the bound. */
#ifndef RALHE_FLOATS_H
#define RALHE_FLOATS_H

#include <stddef.h>
#include <stdint.h>

typedef float f32x4 __attribute__((vector_size(16), aligned(16)));
typedef int32_t i32x4 __attribute__((vector_size(16), aligned(16)));

static inline f32x4 splat(float x) { return (f32x4){x, x, x, x}; }

static inline float clampf(float x, float lo, float hi) { return !(x > lo) ? lo : (x < hi ? x : hi); }

static inline float absf(float x) { return x < 0.0f ? -x : x; }

static inline uint32_t float_bits(float x) {
    uint32_t u;
    __builtin_memcpy(&u, &x, 4);
    return u;
}

static inline float bits_float(uint32_t u) {
    float x;
    __builtin_memcpy(&x, &u, 4);
    return x;
}

static inline int finitef_(float x) { return (float_bits(x) & 0x7f800000u) != 0x7f800000u; }

/* Nearest integer, halves upwards; |x| must stay below 2^30. */
static inline int32_t round_int(float x) {
    float y = x + 0.5f;
    int32_t i = (int32_t)y;
    return i - ((float)i > y);
}

/* 2^x, relative error below 3e-7; x is clamped to [-126, 126]. */
static float exp2_(float x) {
    x = clampf(x, -126.0f, 126.0f);
    int32_t i = round_int(x);
    float f = x - (float)i; /* in [-1/2, 1/2] */
    float p = 1.5403530e-4f;
    p = p * f + 1.3333558e-3f;
    p = p * f + 9.6181291e-3f;
    p = p * f + 5.5504109e-2f;
    p = p * f + 2.4022651e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.0f;
    return p * bits_float((uint32_t)(i + 127) << 23);
}

static inline float exp_(float x) { return exp2_(x * 1.44269504f); }

static inline f32x4 where(i32x4 mask, f32x4 yes, f32x4 no) {
    return (f32x4)((mask & (i32x4)yes) | (~mask & (i32x4)no));
}

static inline f32x4 clamp4(f32x4 x, float lo, float hi) {
    f32x4 low = splat(lo), high = splat(hi);
    return where(x > low, where(x < high, x, high), low);
}

/* exp_ of four numbers at once, bit for bit. */
static inline f32x4 exp4(f32x4 x) {
    x = clamp4(x * splat(1.44269504f), -126.0f, 126.0f);
    f32x4 y = x + splat(0.5f);
    i32x4 i = __builtin_convertvector(y, i32x4);
    i += __builtin_convertvector(i, f32x4) > y; /* a comparison that holds is -1 */
    f32x4 f = x - __builtin_convertvector(i, f32x4), p = splat(1.5403530e-4f);
    p = p * f + splat(1.3333558e-3f);
    p = p * f + splat(9.6181291e-3f);
    p = p * f + splat(5.5504109e-2f);
    p = p * f + splat(2.4022651e-1f);
    p = p * f + splat(6.9314718e-1f);
    p = p * f + splat(1.0f);
    return p * (f32x4)((i + 127) << 23);
}

/* log2(x) for positive normal x, absolute error below 4e-7 times the result's size plus 3e-7. */
static float log2_(float x) {
    x = clampf(x, 1.2e-38f, 3.0e38f);
    uint32_t u = float_bits(x) - 0x3f3504f3u; /* split at sqrt(1/2) */
    int32_t e = (int32_t)u >> 23;
    float m = bits_float((u & 0x007fffffu) + 0x3f3504f3u);
    float t = (m - 1.0f) / (m + 1.0f); /* log(m) = 2 atanh(t), |t| < 0.172 */
    float s = t * t;
    float p = 0.22222222f;
    p = p * s + 0.28571429f;
    p = p * s + 0.4f;
    p = p * s + 0.66666667f;
    p = p * s + 2.0f;
    return (float)e + (t * p) * 1.44269504f;
}

static inline float log_(float x) { return log2_(x) * 0.69314718f; }

/* Square root, 0 for negatives: that of IEEE is exact, and every engine has it as an instruction. */
static inline float sqrt_(float x) { return __builtin_sqrtf(x > 0.0f ? x : 0.0f); }

#endif
