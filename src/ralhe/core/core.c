/* The exported face of the core: one decoder or one encoder per instance, state in static memory.
 * Every function answers a Failure code, a pointer, or a size; see src/ralhe/core/instance.py. */
#include "container.h"
#include "latents.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name))) name
#else
#define EXPORT(name) name
#endif

static Scene scene;
static Container container;
static Output output;
static uint32_t next_section;
static const uint8_t *stream;
static int broken; /* why a section failed midway: rows are half split then, and nothing more is to be had */

void *EXPORT(memory_allocate)(uint32_t bytes) { return allocate(bytes); }

void EXPORT(memory_release)(void *p) { release(p); }

static void start(void) {
    build_crc();
    build_tables();
}

/* First rows of the walk: the root stands for everything. */
static int start_walk(void) {
    Scene *s = &scene;
    s->at = 0;
    s->used = 0;
    if (!grow_rows(s, 1)) return NO_MEMORY;
    release(s->slot);
    s->slot = allocate_zero(1, 4);
    if (!s->slot) return NO_MEMORY;
    s->used = 1;
    for (uint32_t c = 0; c < s->channels; c++) s->mean[c] = s->root[c], s->last[c] = 0;
    for (uint32_t c = 0; c < BASE; c++) s->change[c] = 0.0f;
    s->born[0] = 0;
    return DONE;
}

/* ---- decoding ---- */

static int decode_parameters(Coder *c) {
    int32_t *values = allocate_zero(code_parameters(0, &scene, 0), 4);
    if (!values) return NO_MEMORY;
    code_parameters(c, &scene, values);
    int failure = c->failed ? SECTION_DAMAGED : set_parameters(&scene, values);
    release(values);
    if (failure) return failure;
    if (!allocate_level(&scene.level[0], 1)) return NO_MEMORY;
    scene.level[0].code[0] = 0;
    scene.level[0].siblings[0] = 1;
    scene.nodes[0] = 1;
    return start_walk();
}

/* Counts of the inner levels come first in a section that spans several; that of the last is in the table. */
static int decode_geometry(Coder *c, const Section *x) {
    Number count;
    reset_number(&count);
    for (uint32_t l = x->first; l <= x->last; l++) {
        uint32_t n = l == x->last ? x->count : (uint32_t)code_number(c, &count, 0);
        if (n < scene.nodes[l] || n > (uint64_t)scene.nodes[l] * 8 || n > x->count) return SECTION_DAMAGED;
        scene.nodes[l + 1] = n;
        if (!allocate_level(&scene.level[l + 1], n)) return NO_MEMORY;
        int failure = code_occupancy(c, &scene.occupancy, &scene.level[l], &scene.level[l + 1], (int)l);
        if (failure) return failure;
    }
    return x->last + 1 == scene.depth && x->count != scene.leaves ? SECTION_DAMAGED : DONE;
}

static int decode_attributes(Coder *c, const Section *x) {
    if (x->count != scene.nodes[x->last + 1]) return SECTION_DAMAGED;
    int failure = DONE;
    for (uint32_t l = x->first; l <= x->last && !failure; l++) failure = walk_level(&scene, c);
    return failure;
}

/* p stays owned by the caller and must keep its place until the last advance. */
int EXPORT(decoder_open)(const uint8_t *p, uint32_t n) {
    start();
    stream = p;
    return read_container(p, n, &scene, &container);
}

/* Decodes the next section if it lies whole in the first n bytes. */
int EXPORT(decoder_advance)(uint32_t n) {
    if (broken) return broken;
    if (next_section == container.sections) {
        uint32_t end = header_size(&container);
        if (container.sections) end = container.section[next_section - 1].offset + container.section[next_section - 1].length;
        return n > end ? TRAILING_BYTES : DONE;
    }
    const Section *x = &container.section[next_section];
    if (n < x->offset || n - x->offset < x->length) return NEED_MORE;
    if (crc32c(stream + x->offset, x->length) != x->crc) return SECTION_CHECKSUM;
    Coder c;
    start_reading(&c, stream + x->offset, x->length);
    int failure = x->kind == PARAMETERS ? decode_parameters(&c)
                  : x->kind == GEOMETRY ? decode_geometry(&c, x)
                                        : decode_attributes(&c, x);
    if (failure) return broken = failure;
    next_section++;
    return NEED_MORE;
}

/* The finest level decoded so far as arrays; NO_LEVEL before the first. */
int EXPORT(decoder_output)(void) {
    if (broken) return broken;
    if (scene.leaves && !(scene.slot && (scene.at || !scene.depth))) return NO_LEVEL;
    if (scene.leaves) return write_output(&scene, &output) ? DONE : NO_MEMORY;
    release_output(&output);
    return DONE;
}

const Output *EXPORT(output_arrays)(void) { return &output; }

const Container *EXPORT(container_fields)(void) { return &container; }

/* depth, lookahead, leaves, sh_coefficients, level decoded, nodes there, hidden widths, contracted, channels */
const uint32_t *EXPORT(scene_fields)(void) {
    static uint32_t fields[11];
    const uint32_t now[11] = {scene.depth, scene.lookahead, scene.leaves, scene.sh_coefficients, scene.at,
                              scene.nodes[scene.at], scene.entropy[0].hidden, scene.entropy[1].hidden,
                              scene.synthesis.hidden, scene.contracted, scene.channels};
    __builtin_memcpy(fields, now, sizeof now);
    return fields;
}

/* Bits spent on opacity, colour, shape and harmonics, summed while `tally` was on. */
const double *EXPORT(tally_bits)(int on) {
    scene.tally = (uint32_t)on;
    if (on) build_bits();
    return scene.bits;
}

/* ---- encoding ---- */

static uint8_t *section_bytes[MAX_SECTIONS];

/* Header as it will be written (the table may be missing): depth, networks and box come from it. */
int EXPORT(encoder_open)(const uint8_t *p, uint32_t n) {
    start();
    build_bits();
    return read_header(p, n, &scene, &container);
}

static int build_levels(const uint64_t *codes) {
    uint32_t n = scene.leaves;
    for (uint32_t l = 0; l <= scene.depth; l++) {
        uint32_t shift = 3 * (scene.depth - l), count = 0;
        for (uint32_t i = 0; i < n; i++) count += !i || codes[i] >> shift != codes[i - 1] >> shift;
        Level *v = &scene.level[l];
        scene.nodes[l] = count;
        if (!allocate_level(v, count)) return NO_MEMORY;
        v->first_leaf = allocate(((size_t)count + 1) * 4);
        if (!v->first_leaf) return NO_MEMORY;
        count = 0;
        for (uint32_t i = 0; i < n; i++)
            if (!i || codes[i] >> shift != codes[i - 1] >> shift) {
                v->code[count] = codes[i] >> shift;
                v->occupancy[count] = 0;
                v->first_leaf[count++] = i;
            }
        v->first_leaf[count] = n;
        for (uint32_t i = 0, parent = 0; l && i < count; i++) {
            Level *above = &scene.level[l - 1];
            while (above->code[parent] != v->code[i] >> 3) parent++;
            above->occupancy[parent] |= (uint8_t)(1u << (v->code[i] & 7));
        }
    }
    scene.level[0].siblings[0] = 1;
    return DONE;
}

/* Target rows of a level from those of its children; `used` rows are taken. */
static void average_level(uint32_t level, uint32_t *used) {
    const Level *v = &scene.level[level];
    for (uint32_t i = 0; i < v->n; i++) {
        uint32_t from = v->first_child[i], to = v->first_child[i + 1];
        const uint32_t *child = scene.target_row[level + 1];
        if (to - from == 1) {
            scene.target_row[level][i] = child[from];
            continue;
        }
        float weight[8];
        for (uint32_t j = from; j < to; j++) weight[j - from] = node_weight(&scene, level + 1, j);
        mean_target(&scene, child + from, weight, to - from, scene.target + *used * (size_t)scene.channels);
        scene.target_row[level][i] = (*used)++;
    }
}

static int allocate_targets(void) {
    uint32_t branching = 0;
    for (uint32_t l = 0; l < scene.depth; l++)
        for (uint32_t i = 0; i < scene.nodes[l]; i++)
            branching += scene.level[l].first_child[i + 1] - scene.level[l].first_child[i] > 1;
    scene.target = allocate_zero((size_t)scene.leaves + branching, scene.channels * 4);
    scene.weights = allocate_zero((size_t)scene.leaves + 1, WEIGHTS * 8);
    int whole = scene.target && scene.weights;
    for (uint32_t l = 0; l <= scene.depth; l++) {
        scene.target_row[l] = allocate_zero(scene.nodes[l], 4);
        whole &= scene.target_row[l] != 0;
    }
    return whole;
}

/* codes: ascending distinct Morton codes [leaves]. */
int EXPORT(encoder_leaves)(const uint64_t *codes) {
    return build_levels(codes);
}

/* attributes [leaves, channels], weights [leaves, WEIGHTS]; may be called again with others, once the geometry is
 * coded. root [channels] receives the mean of all. */
int EXPORT(encoder_targets)(const float *attributes, const float *weights, float *root) {
    if (!scene.target && !allocate_targets()) return NO_MEMORY;
    for (size_t i = 0; i < scene.leaves * (size_t)WEIGHTS; i++) scene.weights[i + WEIGHTS] = scene.weights[i] + weights[i];
    __builtin_memcpy(scene.target, attributes, (size_t)scene.leaves * scene.channels * 4);
    uint32_t used = scene.leaves;
    for (uint32_t i = 0; i < used; i++) scene.target_row[scene.depth][i] = i;
    for (uint32_t l = scene.depth; l-- > 0;) average_level(l, &used);
    __builtin_memcpy(root, scene.target + (size_t)scene.target_row[0][0] * scene.channels, scene.channels * 4);
    return DONE;
}

static int keep_section(uint32_t kind, uint32_t first, uint32_t last, Coder *c) {
    if (c->failed) return NO_MEMORY;
    finish_writing(c);
    uint32_t i = container.sections++;
    container.section[i] = (Section){kind, first, last, 0, (uint32_t)c->at, kind == PARAMETERS ? 0 : scene.nodes[last + 1],
                                     crc32c(c->data, c->at), 0};
    release(section_bytes[i]);
    section_bytes[i] = c->data;
    return DONE;
}

/* Codes geometry of levels first ... last as one section. */
int EXPORT(encoder_geometry)(uint32_t first, uint32_t last) {
    Coder c;
    Number count;
    start_writing(&c);
    reset_number(&count);
    for (uint32_t l = first; l <= last; l++) {
        if (l < last) code_number(&c, &count, (int32_t)scene.nodes[l + 1]);
        if (code_occupancy(&c, &scene.occupancy, &scene.level[l], &scene.level[l + 1], (int)l)) return NO_MEMORY;
    }
    return keep_section(GEOMETRY, first, last, &c);
}

/* Forgets the sections made so far, takes new parameters and codes them as the first section. */
int EXPORT(encoder_parameters)(int32_t *values, uint32_t n) {
    if (n != code_parameters(0, &scene, 0)) return HEADER_FIELD;
    container.sections = 0;
    int failure = set_parameters(&scene, values);
    if (failure) return failure;
    Coder c;
    start_writing(&c);
    code_parameters(&c, &scene, values);
    failure = keep_section(PARAMETERS, 0, 0, &c);
    scene.recorded = scene.merges = scene.listed = 0;
    return failure ? failure : start_walk();
}

/* Number of parameter values the header asks for. */
uint32_t EXPORT(parameter_count)(void) { return code_parameters(0, &scene, 0); }

/* importance [channels]; stride: record every stride-th merge for training. */
int EXPORT(encoder_objective)(const float *importance, float lmbda, uint32_t stride) {
    for (uint32_t c = 0; c < scene.channels; c++) scene.importance[c] = importance[c];
    scene.lmbda = lmbda;
    scene.stride = stride;
    uint32_t needed = stride && scene.leaves > 1 ? (scene.leaves - 2) / stride + 1 : 0;
    if (needed <= scene.capacity) return DONE;
    if (scene.inputs[1] != scene.inputs[0]) release(scene.inputs[1]);
    release(scene.inputs[0]);
    release(scene.latents);
    scene.capacity = needed;
    scene.inputs[0] = allocate((size_t)scene.capacity * BASE_INPUTS * 4);
    scene.inputs[1] = scene.sh_coefficients ? allocate((size_t)scene.capacity * HARMONIC_INPUTS * 4) : scene.inputs[0];
    scene.latents = allocate((size_t)scene.capacity * scene.channels * 2);
    return scene.inputs[0] && scene.inputs[1] && scene.latents ? DONE : NO_MEMORY;
}

/* Chooses and codes the latents of levels first ... last as one section; levels come in order. */
int EXPORT(encoder_attributes)(uint32_t first, uint32_t last) {
    Coder c;
    start_writing(&c);
    for (uint32_t l = first; l <= last; l++)
        if (walk_level(&scene, &c)) return NO_MEMORY;
    return keep_section(ATTRIBUTES, first, last, &c);
}

const uint8_t *EXPORT(encoder_section)(uint32_t i) { return section_bytes[i]; }

const uint32_t *EXPORT(encoder_nodes)(void) { return scene.nodes; }

/* Recorded merges: count, inputs of both networks, latents. */
uint32_t EXPORT(recorded_merges)(void) { return scene.recorded; }

const float *EXPORT(recorded_inputs)(uint32_t network) { return scene.inputs[network]; }

const int16_t *EXPORT(recorded_latents)(void) { return scene.latents; }

/* Of the entropy networks of base and harmonics, and of the synthesis network. */
uint32_t EXPORT(network_inputs)(uint32_t network) {
    static const uint32_t inputs[] = {BASE_INPUTS, HARMONIC_INPUTS, SYNTHESIS_INPUTS};
    return inputs[network];
}

/* Lists every merge of the walks to come; 0 where memory is short. */
uint32_t EXPORT(list_merges)(void) {
    size_t n = scene.leaves > 1 ? scene.leaves - 1 : 1;
    if (!scene.hierarchy) scene.hierarchy = allocate_zero(n, sizeof(MergeRecord));
    if (!scene.wanted) scene.wanted = allocate_zero(n, scene.channels * 4);
    if (!scene.curvature) scene.curvature = allocate_zero(n, scene.channels * 4);
    return scene.hierarchy && scene.wanted && scene.curvature;
}

/* Aims the walks to come at latents [leaves - 1, channels] of the caller's own, real numbers in coding order, with
 * the distortion of missing each by one; at the targets again where wanted is 0. After list_merges. */
int EXPORT(aim_latents)(const float *wanted, const float *curvature) {
    size_t bytes = ((size_t)scene.leaves - 1) * scene.channels * 4;
    scene.aimed = wanted != 0;
    if (!wanted) return DONE;
    __builtin_memcpy(scene.wanted, wanted, bytes);
    __builtin_memcpy(scene.curvature, curvature, bytes);
    return DONE;
}

const MergeRecord *EXPORT(listed_merges)(void) { return scene.hierarchy; }

const float *EXPORT(listed_targets)(void) { return scene.wanted; }

const float *EXPORT(listed_curvatures)(void) { return scene.curvature; }

/* Row of each leaf, in Morton order. */
const uint32_t *EXPORT(leaf_rows)(void) { return scene.slot; }

/* Leaves after the walk: attributes before synthesis [leaves, channels], synthesis inputs [leaves, SYNTHESIS_INPUTS]. */
int EXPORT(encoder_decoded)(float *attributes, float *inputs) {
    for (uint32_t i = 0; i < scene.leaves; i++) {
        const float *mean = scene.mean + (size_t)scene.slot[i] * scene.channels;
        for (uint32_t c = 0; c < scene.channels; c++) attributes[(size_t)i * scene.channels + c] = mean[c];
        synthesis_inputs(&scene, scene.slot[i], inputs + (size_t)i * SYNTHESIS_INPUTS);
    }
    return DONE;
}
