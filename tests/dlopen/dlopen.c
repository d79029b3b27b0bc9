/* dlopen.c - loads a library, runs a forward pass on two threads, closes the library, waits */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <vit/parallel.h>
#include <vit/vit.h>

static void *library;

static void (*find(const char *name))(void)
{
    void *const at = dlsym(library, name);
    void (*function)(void);

    if (!at) {
        fprintf(stderr, "dlopen: %s\n", dlerror());
        exit(EXIT_FAILURE);
    }
    *(void **)&function = at; /* POSIX: a pointer to an object can hold a function's address */
    return function;
}

#define CALL(name) ((__typeof__(&(name)))find(#name))

static int forward(void)
{
    const struct vit_config config = { .size = sizeof config,
                                       .height = 64,
                                       .width = 64,
                                       .channels = 3,
                                       .patch = 8,
                                       .dim = 192,
                                       .depth = 2,
                                       .heads = 3,
                                       .mlp_dim = 768,
                                       .classes = 10,
                                       .eps = 1e-6f };
    const struct vit_context_options options = { .size = sizeof options, .threads = 2 };
    static float image[3 * 64 * 64], logits[10];
    struct vit_model *model = NULL;
    struct vit_context *context = NULL;
    struct vit_error err = { .message = "" };
    const int failed = CALL(vit_model_create_random)(&config, 1, NULL, &model, &err) ||
                       CALL(vit_context_create)(model, &options, &context, &err) ||
                       CALL(vit_forward)(context, 1, image, logits, &err);

    CALL(vit_context_free)(context);
    CALL(vit_model_free)(model);
    if (failed)
        fprintf(stderr, "dlopen: %s\n", err.message);
    return failed;
}

static void nothing(void *arg, size_t i)
{
    (void)arg;
    (void)i;
}

int main(int argc, char **argv)
{
    for (int i = 0; i < 3; i++) {
        library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
        if (!library) {
            fprintf(stderr, "dlopen: %s\n", argc == 2 ? dlerror() : "expected a library");
            return EXIT_FAILURE;
        }
        if (forward())
            return EXIT_FAILURE;
        CALL(vit_parallel_openmp)(NULL, 4, nothing, NULL); /* its threads stay */
        if (dlclose(library))
            return EXIT_FAILURE;
        /* a thread that still runs code of the library would fault meanwhile */
        nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    }
    return EXIT_SUCCESS;
}
