/* cmd_info.c - `vit info`: what this machine can run, and what a model computes */
#include <math.h>
#include <string.h>

#include "tools/about.h"
#include "tools/tool.h"

static const char *const activations[VIT_ACTIVATIONS] = {
    [VIT_IDENTITY] = "identity",
    [VIT_GELU] = "gelu",
    [VIT_GELU_TANH] = "gelu_tanh",
    [VIT_GELU_QUICK] = "gelu_quick",
    [VIT_RELU] = "relu",
    [VIT_SILU] = "silu",
    [VIT_EXP] = "exp",
    [VIT_TANH] = "tanh",
};
static const char *const positions[] = {
    [VIT_POSITIONS_LEARNED] = "learned", [VIT_POSITIONS_SINUSOID] = "sinusoid"
};
static const char *const interpolations[] = {
    [VIT_BICUBIC] = "bicubic", [VIT_BILINEAR] = "bilinear"
};
static const char *const crop_modes[] = {
    [VIT_CROP_CENTER] = "center", [VIT_CROP_SQUASH] = "squash"
};

/* A word of a table; a later library may know more of them than this tool. */
#define WORD(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "unknown")

/* The factor of Q·Kᵀ; 0 stands for the usual one. */
static double qk_scale(const struct vit_config *c)
{
    return c->qk_scale != 0 ? c->qk_scale : 1 / sqrt((double)(c->dim / c->heads));
}

static json_t *levels_json(void)
{
    json_t *levels = json_array();
    const char *name;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++)
        levels = json_with(levels, json_pack("{s:s, s:b}", "name", name, "usable", usable));
    return levels;
}

/* The level used where none is forced; why it is not the strongest usable one, or null. */
static json_t *default_json(void)
{
    const char *reason, *const name = vit_isa_default(&reason);
    return json_pack("{s:s, s:s?}", "name", name, "reason", reason);
}

static json_t *kernels_json(const struct vit_kernels *kernels)
{
    json_t *entries = json_array();
    const char *name, *level;

    for (size_t i = 0; (name = vit_kernels_entry(kernels, i, &level)); i++)
        entries = json_with(entries, json_pack("{s:s, s:s}", "name", name, "isa", level));
    return entries;
}

/* How many entries of a recipe's mean and std count. */
static size_t recipe_numbers(const struct vit_recipe *r)
{
    return r->channels <= sizeof r->mean / sizeof *r->mean ? r->channels : 0;
}

/* What becomes of a picture's red, green and blue. */
static const char *colours(const struct vit_recipe *r)
{
    return r->channels == 3 ? "rgb" : r->channels == 1 ? "luma" : "none";
}

static json_t *numbers_json(size_t count, const float *numbers)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        array = json_with(array, json_real((double)numbers[i]));
    return array;
}

static json_t *recipe_json(const struct vit_recipe *r)
{
    return json_pack(
        "{s:I, s:I, s:I, s:s, s:s, s:s, s:f, s:o, s:o}", "channels", (json_int_t)r->channels,
        "height", (json_int_t)r->height, "width", (json_int_t)r->width, "colours", colours(r),
        "interpolation", WORD(interpolations, r->interpolation), "crop_mode",
        WORD(crop_modes, r->crop_mode), "crop_pct", r->crop_pct, "mean",
        numbers_json(recipe_numbers(r), r->mean), "std", numbers_json(recipe_numbers(r), r->std));
}

static json_t *model_json(const char *path, const struct vit_model *model)
{
    const struct vit_config *const c = vit_model_config(model);
    json_t *const shape = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "channels", (json_int_t)c->channels,
        "height", (json_int_t)c->height, "width", (json_int_t)c->width, "patch",
        (json_int_t)c->patch, "dim", (json_int_t)c->dim, "depth", (json_int_t)c->depth, "heads",
        (json_int_t)c->heads, "mlp_dim", (json_int_t)c->mlp_dim, "classes", (json_int_t)c->classes);
    json_t *const arithmetic = json_pack(
        "{s:f, s:s, s:f, s:s, s:s, s:b, s:b, s:b}", "eps", (double)c->eps, "activation",
        WORD(activations, c->activation), "qk_scale", qk_scale(c), "pooling", "class_token",
        "positions", WORD(positions, c->positions), "qkv_bias", (int)c->qkv_bias, "layer_scale",
        (int)c->layer_scale, "value_skip", (int)c->value_skip);
    return json_pack("{s:o, s:s, s:I, s:o, s:o, s:o}", "path", json_text(path), "family",
                     vit_model_family(model), "parameters", (json_int_t)vit_model_parameters(model),
                     "shape", shape, "arithmetic", arithmetic, "preprocessing",
                     recipe_json(vit_model_recipe(model)));
}

static enum vit_status print_as_json(const struct vit_kernels *kernels, const char *path,
                                     const struct vit_model *model, struct vit_error *err)
{
    char cpu[256];
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o}", "version", vit_version(), "compiler",
                  about_compiler(), "commit", about_commit(), "cpu",
                  json_text(about_cpu(cpu, sizeof cpu)), "levels", levels_json(), "default",
                  default_json(), "isa", kernels->isa, "kernels", kernels_json(kernels));

    if (model && json_object_set_new(root, "model", model_json(path, model)) != 0) {
        json_decref(root);
        root = NULL;
    }
    return print_json(root, err);
}

/* What a machine can run and what it should are told apart where they differ. */
static void print_levels(const char *chosen)
{
    const char *reason, *name, *const standard = vit_isa_default(&reason);
    bool above = false; /* the default, a line of the policy against each */
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++) {
        printf("  %-22s %s", name,
               !usable                     ? "not on this machine"
               : strcmp(name, chosen) == 0 ? "chosen"
                                           : "usable");
        if (usable && above && reason)
            printf(", not the default: %s", reason);
        putchar('\n');
        above = above || strcmp(name, standard) == 0;
    }
}

static void print_machine(const struct vit_kernels *kernels)
{
    const char *name, *level;
    char cpu[256];

    printf("libvit %s, %s, commit %s\n", vit_version(), about_compiler(), about_commit());
    printf("CPU: %s\n\nInstruction sets:\n", about_cpu(cpu, sizeof cpu));
    print_levels(kernels->isa);
    puts("\nKernels, and the instruction set that each is written for:");
    for (size_t i = 0; (name = vit_kernels_entry(kernels, i, &level)); i++)
        printf("  %-22s %s\n", name, level);
}

static void print_numbers(const char *name, size_t count, const float *numbers)
{
    printf("  %-22s %s", name, count ? "" : "none");
    for (size_t i = 0; i < count; i++)
        printf("%s%g", i ? ", " : "", (double)numbers[i]);
    putchar('\n');
}

static void print_recipe(const struct vit_recipe *r)
{
    printf("\n  %-22s %zu × %zu × %zu\n", "preprocessing", r->channels, r->height, r->width);
    printf("  %-22s %s%s\n", "colours", colours(r),
           r->channels == 1 ? ": pictures turn grey, by ITU-R 601" : "");
    printf("  %-22s %s\n", "interpolation", WORD(interpolations, r->interpolation));
    printf("  %-22s %s, %g\n", "crop", WORD(crop_modes, r->crop_mode), r->crop_pct);
    print_numbers("mean", recipe_numbers(r), r->mean);
    print_numbers("std", recipe_numbers(r), r->std);
}

static void print_model(const char *path, const struct vit_model *model)
{
    const struct vit_config *const c = vit_model_config(model);

    printf("\nModel: ");
    print_plain(stdout, path);
    printf("\n  %-22s %s\n", "names and arithmetic", vit_model_family(model));
    printf("  %-22s %zu\n", "parameters", vit_model_parameters(model));
    printf("  %-22s %zu × %zu × %zu (channels, height, width)\n", "image", c->channels, c->height,
           c->width);
    printf("  %-22s %zu × %zu, %zu tokens of %zu\n", "patch", c->patch, c->patch,
           c->height / c->patch * (c->width / c->patch) + 1, c->dim);
    printf("  %-22s %zu, of %zu heads and an MLP of %zu\n", "blocks", c->depth, c->heads,
           c->mlp_dim);
    printf("  %-22s %zu\n", "classes", c->classes);
    printf("\n  %-22s %s\n", "activation", WORD(activations, c->activation));
    printf("  %-22s %g\n", "LayerNorm eps", (double)c->eps);
    printf("  %-22s %.9g%s\n", "attention scale", qk_scale(c),
           c->qk_scale != 0 ? "" : " (head_dim^-1/2)");
    printf("  %-22s class token\n", "pooling");
    printf("  %-22s %s\n", "positions", WORD(positions, c->positions));
    printf("  %-22s %s\n", "bias of q, k, v", c->qkv_bias ? "yes" : "no");
    printf("  %-22s %s\n", "layer scale", c->layer_scale ? "yes" : "no");
    printf("  %-22s %s\n", "value skip", c->value_skip ? "yes: v + proj(attention)" : "no");
    print_recipe(vit_model_recipe(model));
}

static enum vit_status info(const struct options *options, size_t count, char **operands,
                            struct vit_error *err)
{
    const struct vit_model_options model_options = { .size = sizeof model_options,
                                                     .isa = options->isa };
    const struct vit_kernels *kernels;
    struct vit_model *model = NULL;
    enum vit_status status = vit_kernels_get(options->isa, &kernels, err);

    if (!status && count > 0)
        status = vit_model_open(operands[0], &model_options, &model, err);
    if (!status && options->json) {
        status = print_as_json(kernels, count ? operands[0] : NULL, model, err);
    } else if (!status) {
        print_machine(kernels);
        if (model)
            print_model(operands[0], model);
    }
    vit_model_close(model);
    return status;
}

const struct verb verb_info = {
    .name = "info",
    .bit = FOR_INFO,
    .operands = "[MODEL]",
    .least = 0,
    .most = 1,
    .summary = "tells what this machine can run, and what a model computes",
    .description =
        "Prints the version and the build; the CPU, the instruction sets it can run and the one\n"
        "chosen; for each kernel the instruction set it is written for. Of MODEL, a checkpoint\n"
        "folder, also its shape, its arithmetic and its preprocessing.",
    .run = info,
};
