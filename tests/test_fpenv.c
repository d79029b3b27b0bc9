/*
 * test_fpenv.c - rounding mode, flushing and traps of the caller: no effect, and restored
 *
 * Above 400 lines: the states and hooks serve this one property, and no other test needs them.
 */
#include <criterion/criterion.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "compare.h"
#include "counts.h"
#include "make_checkpoint.h"
#include "model_config.h"

enum { IMAGE = 3 * 48 * 80, TOKENS = 60, DIM = 96, CLASSES = 10, BATCH = 2 };

/* Together they have every step of the forward pass, with enough work to divide one image. */
static const struct vit_config configs[] = {
    { .size = sizeof *configs,
      .channels = 3,
      .height = 48,
      .width = 80,
      .patch = 8,
      .dim = DIM,
      .depth = 2,
      .heads = 4,
      .mlp_dim = 200,
      .classes = CLASSES,
      .eps = 1e-6f,
      .activation = VIT_ACTIVATION_GELU,
      .layer_scale = true },
    { .size = sizeof *configs,
      .channels = 3,
      .height = 48,
      .width = 80,
      .patch = 8,
      .dim = DIM,
      .depth = 2,
      .heads = 4,
      .mlp_dim = 200,
      .classes = CLASSES,
      .eps = 1e-6f,
      .activation = VIT_ACTIVATION_GELU_TANH,
      .pos_embed = VIT_POS_EMBED_SINUSOID,
      .value_residual = true },
};
enum { CONFIGS = sizeof configs / sizeof *configs };

/* How subnormals are flushed: x86 has a bit for results and one for operands, Arm one for both. */
#if defined(__x86_64__)
#include <immintrin.h>
enum { NOTHING, RESULTS = 0x8000, OPERANDS = 0x0040 };
static const unsigned flushes[] = { NOTHING, RESULTS, OPERANDS, RESULTS | OPERANDS };
static void set_flush(unsigned bits)
{
    _mm_setcsr((_mm_getcsr() & ~(unsigned)(RESULTS | OPERANDS)) | bits);
}
static uint64_t control(void) /* without the exceptions raised, which fetestexcept returns */
{
    uint16_t x87;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return (uint64_t)(_mm_getcsr() & ~0x3fu) << 16 | x87;
}
#elif defined(__aarch64__)
enum { NOTHING, BOTH = 1 << 24 };
static const unsigned flushes[] = { NOTHING, BOTH };
static uint64_t control(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
}
static void set_flush(unsigned bits)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((control() & ~(uint64_t)BOTH) | bits));
}
#else
static const unsigned flushes[] = { 0 };
static void set_flush(unsigned bits)
{
    (void)bits;
}
static uint64_t control(void)
{
    return (uint64_t)fegetround();
}
#endif
enum { FLUSHES = sizeof flushes / sizeof *flushes };
static const int roundings[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
enum { ROUNDINGS = 4, STATES = ROUNDINGS * FLUSHES };

/* State 0 is the default. In each state two exceptions are raised. */
static void set_state(size_t state)
{
    fesetenv(FE_DFL_ENV);
    fesetround(roundings[state / FLUSHES]);
    set_flush(flushes[state % FLUSHES]);
    feraiseexcept(FE_DIVBYZERO | FE_UNDERFLOW);
}

/* Whether the thread is as set_state left it. */
static bool in_state(size_t state)
{
    const uint64_t found = control();
    const int raised = fetestexcept(FE_ALL_EXCEPT);

    set_state(state);
    return found == control() && raised == (FE_DIVBYZERO | FE_UNDERFLOW);
}

/* Threads of the caller, created for each call, all in one state. */
struct pool {
    size_t state;
    /* a task changed the state of its thread, or `run` was not called in the caller's state */
    bool changed;
};

struct worker {
    struct pool *pool;
    void (*task)(void *arg, size_t i);
    void *arg;
    size_t i;
    bool changed;
    pthread_t thread;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    set_state(w->pool->state);
    w->task(w->arg, w->i);
    w->changed = !in_state(w->pool->state);
    return NULL;
}

static void run_in_state(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    struct pool *pool = user;
    struct worker workers[8];

    pool->changed = pool->changed || !in_state(pool->state) || tasks > 8;
    for (size_t i = 0; i < tasks && tasks <= 8; i++) {
        workers[i] = (struct worker){ .pool = pool, .task = task, .arg = arg, .i = i };
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (size_t i = 0; i < tasks && tasks <= 8; i++) {
        pthread_join(workers[i].thread, NULL);
        pool->changed = pool->changed || workers[i].changed;
    }
}

/* The results of a model, which must not depend on the state. */
struct results {
    float logits[BATCH][CLASSES];
    float tokens[TOKENS][DIM]; /* of subnormal images, subnormal */
    size_t failures;
};
enum { FLOATS = BATCH * CLASSES + TOKENS * DIM };

enum threads { ONE, OPENMP, OWN, THREADS };

/* Creates a model and runs it, all in one state. */
static void compute(const struct vit_config *config, const char *isa, size_t state,
                    enum threads threads, struct pool *pool, struct results *r)
{
    static float images[BATCH * IMAGE], tiny[IMAGE];
    const struct vit_model_options options = { .size = sizeof options, .isa = isa };
    const struct vit_context_options context_options = { .size = sizeof context_options,
                                                         .max_batch = BATCH,
                                                         .threads = threads == ONE ? 1 : 3,
                                                         .run =
                                                             threads == OWN ? run_in_state : NULL,
                                                         .user = pool };
    struct vit_model *model = NULL;
    struct vit_context *ctx = NULL;

    fill_pattern(BATCH * IMAGE, images, PATTERN_NORMAL, 7);
    fill_pattern(IMAGE, tiny, PATTERN_TINY, 7);
    *r = (struct results){ .failures = 0 };
    *pool = (struct pool){ .state = state };

    set_state(state);
    r->failures +=
        vit_model_create_random(config, 42, &options, &model, NULL) != VIT_OK || !in_state(state);
    r->failures +=
        vit_context_create(model, &context_options, &ctx, NULL) != VIT_OK || !in_state(state);
    r->failures +=
        vit_forward(ctx, BATCH, images, r->logits[0], NULL) != VIT_OK || !in_state(state);
    r->failures +=
        forward_output(ctx, VIT_OUTPUT_PATCH_EMBEDDING, 0, 1, tiny, r->tokens[0], NULL) != VIT_OK ||
        !in_state(state);
    r->failures += pool->changed;
    fesetenv(FE_DFL_ENV);
    vit_context_free(ctx);
    vit_model_free(model);
}

Test(fpenv, a_model_gives_the_same_bits_in_every_state_and_leaves_it)
{
    static struct results expected, found;
    struct pool pool;
    const char *isa;
    int usable;

    for (size_t c = 0; c < CONFIGS; c++) {
        compute(&configs[c], "scalar", 0, ONE, &pool, &expected);
        for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++)
            for (size_t state = 0; usable && state < STATES; state++)
                for (enum threads t = ONE; t < THREADS; t++) {
                    compute(&configs[c], isa, state, t, &pool, &found);
                    cr_assert_eq(found.failures, 0, "%s, state %zu, threads %d: the state changed",
                                 isa, state, (int)t);
                    expect_same_bits(FLOATS, expected.logits[0], found.logits[0],
                                     "%s, state %zu, threads %d", isa, state, (int)t);
                }
    }
}

#ifdef _OPENMP
/* Threads that OpenMP creates for a forward pass are in the state of the caller. */
Test(fpenv, openmp_threads_have_the_callers_state)
{
    static struct results found;
    struct pool pool;
    bool same = true;
    const size_t state = STATES - 1;

    compute(&configs[0], NULL, state, OPENMP, &pool, &found);
    set_state(state);
    const uint64_t expected = control();
#pragma omp parallel num_threads(3)
    if (control() != expected) {
#pragma omp critical
        same = false;
    }
    fesetenv(FE_DFL_ENV);
    cr_assert(same);
    count_checks(1);
}
#endif

/*
 * A matmul on this thread, with products of all magnitudes, some subnormal: the state has an
 * effect.
 */
static void product(const struct vit_kernels *kernels, float c[16 * 40])
{
    static float a[16 * 30], b[40], panels[4096];
    const struct vit_matmul_kernel *const kernel = &kernels->matmul[VIT_MATMUL_F32_F32];
    const struct vit_packed packed = { kernel, 40, 1, panels };

    fill_pattern(16 * 30, a, PATTERN_NORMAL, 1);
    fill_pattern(15, a, PATTERN_TINY, 2);
    fill_pattern(40, b, PATTERN_NORMAL, 3);
    fill_pattern(10, b, PATTERN_TINY, 4);
    cr_assert_leq(vit_packed_bytes(kernel, 40, 1), sizeof panels);
    vit_pack(&packed, 0, 40, b, 1, 40);
    vit_matmul(NULL, &(struct vit_matmul_args){
                         .m = 16, .a = a, .lda = 30, .b = &packed, .c = c, .ldc = 40 });
}

/* Without this the test above could not fail. */
Test(fpenv, each_state_changes_bits_without_the_library)
{
    static float expected[16 * 40], found[16 * 40];
    const struct vit_kernels *kernels = scalar_level();

    for (size_t l = 0; kernels; kernels = next_level(&l, STATES - 1)) {
        product(kernels, expected);
        for (size_t state = 1; state < STATES; state++) {
            set_state(state);
            product(kernels, found);
            fesetenv(FE_DFL_ENV);
            cr_assert_not(same_bits(16 * 40, expected, found), "%s, state %zu", kernels->isa,
                          state);
        }
        count_checks(STATES - 1);
    }
}

Test(fpenv, kernels_never_change_the_control_state)
{
    static float x[100], y[100], c[16 * 40];
    const struct vit_kernels *kernels = scalar_level();

    const struct vit_activation_args args = { .a = 0.1f, .b = 0.2f, .weight = x };
    fill_pattern(100, x, PATTERN_WIDE, 1);
    for (size_t l = 0; kernels; kernels = next_level(&l, STATES)) {
        for (size_t state = 0; state < STATES; state++) {
            set_state(state);
            const uint64_t before = control();
            product(kernels, c);
            kernels->layernorm(&(struct vit_layernorm_args){ .rows = 1,
                                                             .n = 100,
                                                             .x = x,
                                                             .ldx = 100,
                                                             .gamma = x,
                                                             .beta = x,
                                                             .eps = 1e-6f,
                                                             .y = y,
                                                             .ldy = 100 });
            kernels->softmax(1, 100, x, 100, y, 100);
            kernels->exp_sub_max(1, 100, x, 100, y, 100, c);
            kernels->add(100, x, x, y);
            kernels->multiply(100, x, x, y);
            for (size_t i = 0; i < VIT_ACTIVATIONS; i++)
                kernels->activation[i](100, x, &args, y);
            kernels->fma_peak(1);
            const uint64_t after = control();
            fesetenv(FE_DFL_ENV);
            cr_assert_eq(before, after, "%s, state %zu", kernels->isa, state);
        }
        count_checks(STATES);
    }
}

/* Logits of an image, from its pixels, of the model in models/digits: this reads files. */
static size_t classify(float logits[10], float input[64], size_t state)
{
    struct vit_model *model = NULL;
    struct vit_context *ctx = NULL;
    uint8_t rgb[21 * 17 * 3];
    const struct vit_image image = { rgb, 21, 17, 17 * 3, VIT_PIXEL_FORMAT_RGB };
    size_t failures = 0;

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * i % 251);
    set_state(state);
    failures += vit_model_open("models/digits", NULL, &model, NULL) != VIT_OK || !in_state(state);
    failures += vit_context_create(model, NULL, &ctx, NULL) != VIT_OK;
    const struct vit_preprocess_config preprocess = model_preprocess_config(model);
    failures +=
        vit_preprocess_image(&preprocess, &image, NULL, input, NULL) != VIT_OK || !in_state(state);
    failures += vit_forward(ctx, 1, input, logits, NULL) != VIT_OK || !in_state(state);
    fesetenv(FE_DFL_ENV);
    vit_context_free(ctx);
    vit_model_free(model);
    return failures;
}

Test(fpenv, files_and_pixels_are_read_the_same_in_every_state)
{
    float expected[10], found[10], expected_input[64], input[64];

    cr_assert_eq(classify(expected, expected_input, 0), 0);
    for (size_t state = 1; state < STATES; state++) {
        cr_assert_eq(classify(found, input, state), 0, "state %zu", state);
        expect_same_bits(64, expected_input, input, "input, state %zu", state);
        expect_same_bits(10, expected, found, "logits, state %zu", state);
    }
}

/* 0.9 is between two doubles, and the C library that reads the text rounds too. */
Test(fpenv, numbers_in_a_configuration_are_read_the_same_in_every_state)
{
    const struct made_directory directory = make_directory();
    struct made_tensor tensors[MADE_MAX];
    struct vit_model *model = NULL;

    make_model(&directory, tensors, made_timm(tensors));
    make_text(&directory, "config.json",
              "{\"architecture\":\"vit_tiny_patch16_224\",\"num_classes\":3,\"model_args\":{"
              "\"img_size\":8,\"patch_size\":4,\"embed_dim\":8,\"depth\":2,\"num_heads\":2,"
              "\"mlp_ratio\":1.5},\"pretrained_cfg\":{\"crop_pct\":0.9}}");
    for (size_t state = 0; state < STATES; state++) {
        set_state(state);
        const enum vit_status status = vit_model_open(directory.path, NULL, &model, NULL);
        fesetenv(FE_DFL_ENV);
        cr_assert_eq(status, VIT_OK);
        cr_assert_eq(model_preprocess_config(model).crop_pct, 0x1.ccccccccccccdp-1, "state %zu",
                     state);
        vit_model_free(model);
    }
    remove_directory(&directory);
    count_checks(STATES);
}

#ifdef __GLIBC__ /* can unmask exceptions */

static sigjmp_buf trapped;

static void on_trap(int number)
{
    siglongjmp(trapped, number);
}

/* False if this processor does not trap. */
static bool trap_everything(void)
{
    fesetenv(FE_DFL_ENV);
    return feenableexcept(FE_ALL_EXCEPT) != -1 && fegetexcept() == FE_ALL_EXCEPT;
}

Test(fpenv, traps_do_not_fire_and_remain_set)
{
    static float logits[BATCH * CLASSES], images[BATCH * IMAGE];
    struct vit_model *model = NULL;
    struct vit_context *ctx = NULL;
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = BATCH,
                                                 .threads = 3 };
    enum vit_status status[4];

    for (size_t i = 0; i < BATCH; i++) /* inexact and invalid, underflow, overflow */
        fill_pattern(IMAGE, images + i * IMAGE,
                     (enum pattern[]){ PATTERN_NORMAL, PATTERN_NAN, PATTERN_TINY, PATTERN_HUGE }[i],
                     1);
    if (!trap_everything()) {
        count_skipped("traps: this processor does not support them", 2);
        return;
    }
    status[0] = vit_model_open("models/digits", NULL, &model, NULL);
    vit_model_free(model);
    status[1] = vit_model_create_random(&configs[0], 1, NULL, &model, NULL);
    status[2] = vit_context_create(model, &options, &ctx, NULL);
    status[3] = vit_forward(ctx, BATCH, images, logits, NULL);
    const int still = fegetexcept();
    fesetenv(FE_DFL_ENV);
    cr_assert(!status[0] && !status[1] && !status[2] && !status[3]);
    cr_assert_eq(still, FE_ALL_EXCEPT);
    vit_context_free(ctx);
    vit_model_free(model);
    count_checks(2);
}

/* Without this the test above could not fail. */
Test(fpenv, traps_fire_without_the_library)
{
    static float c[16 * 40];

    signal(SIGFPE, on_trap);
    if (sigsetjmp(trapped, 1) == 0) {
        if (!trap_everything()) {
            count_skipped("traps: this processor does not support them", 1);
            return;
        }
        product(scalar_level(), c);
        fesetenv(FE_DFL_ENV);
        cr_assert_fail("inexact and underflow did not trap");
    }
    fesetenv(FE_DFL_ENV);
    count_checks(1);
}

#endif
