/*
 * waiting.c - the CPU time of the threads that wait in a forward pass, while one of them works
 *
 * A program of its own: OpenMP reads OMP_WAIT_POLICY before main. Prints a line, and fails unless
 * the threads that wait sleep. Where Linux tells nothing about threads, the status is 77.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "thread_facts.h"
#include "vit/vit.h"

enum { THREADS = 2, DEPTH = 4, SIDE = 64, DIM = 192, CLASSES = 10 };

/* Enough work for two threads in every block, and one that waits for the other in the hook. */
static const struct vit_config config = { .size = sizeof config,
                                          .channels = 3,
                                          .height = SIDE,
                                          .width = SIDE,
                                          .patch = 8,
                                          .dim = DIM,
                                          .depth = DEPTH,
                                          .heads = 3,
                                          .mlp_dim = 4 * DIM,
                                          .classes = CLASSES,
                                          .eps = 1e-6f,
                                          .activation = VIT_ACTIVATION_GELU };

static const double work_seconds = 0.3;

struct wait {
    size_t blocks;
    bool slept;
    unsigned long long ticks; /* of the waiting threads, during the work */
    size_t threads, voluntary;
};

/* Before the last block, on the thread that leads the pass: the others have helped and wait. */
static bool work_alone(void *user)
{
    struct wait *const wait = user;

    if (++wait->blocks != DEPTH)
        return false;
    const struct thread_facts before = other_threads();
    use_cpu(work_seconds);
    const struct thread_facts after = other_threads();
    wait->threads = after.threads;
    wait->ticks = after.ticks - before.ticks;
    wait->slept = others_fall_asleep();
    wait->voluntary = other_threads().voluntary;
    return false;
}

static int fail(const char *message)
{
    fprintf(stderr, "waiting: %s\n", message);
    return EXIT_FAILURE;
}

int main(void)
{
    static float images[3 * SIDE * SIDE], logits[CLASSES];
    struct wait wait = { 0 };
    const struct vit_context_options options = {
        .size = sizeof options, .threads = THREADS, .cancel = work_alone, .user = &wait
    };
    struct vit_model *model;
    struct vit_context *ctx;
    struct vit_error err;

    if (vit_model_create_random(&config, 1, NULL, &model, &err) != VIT_OK ||
        vit_context_create(model, &options, &ctx, &err) != VIT_OK ||
        vit_forward(ctx, 1, images, logits, &err) != VIT_OK)
        return fail(err.message);
    vit_context_free(ctx);
    vit_model_free(model);

    const double share = (double)wait.ticks / (double)sysconf(_SC_CLK_TCK) / work_seconds;
    printf("%zu waiting threads: %.0f %% of the working one's CPU time, %zu times asleep\n",
           wait.threads, 100 * share, wait.voluntary);
    if (wait.threads == 0)
        return 77;
    if (share > 0.3) /* they look for some 0.1 ms; a tick is 10 ms */
        return fail("expected threads that sleep, found threads that use the CPU");
    if (!wait.slept || wait.voluntary == 0)
        return fail("expected threads that go to sleep, found none");
    return EXIT_SUCCESS;
}
