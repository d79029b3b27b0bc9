/* cmd_info.c - `vit info`: what this machine can run, and what a model computes */
#include <string.h>

#include "measure/build_info.h"
#include "tools/describe.h"

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

    for (size_t i = 0; (name = vit_kernels_name_at(kernels, i, &level)); i++)
        entries = json_with(entries, json_pack("{s:s, s:s}", "name", name, "isa", level));
    return entries;
}

static enum vit_status print_as_json(const struct vit_kernels *kernels, const char *path,
                                     const struct vit_model *model, struct vit_error *err)
{
    char cpu[256];
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o}", "version", vit_version(), "compiler",
                  build_compiler(), "commit", build_commit(), "cpu",
                  json_text(cpu_name(cpu, sizeof cpu)), "levels", levels_json(), "default",
                  default_json(), "isa", kernels->isa, "kernels", kernels_json(kernels));

    if (model && json_object_set_new(root, "model", describe_model_json(path, model)) != 0) {
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

    printf("libvit %s, %s, commit %s\n", vit_version(), build_compiler(), build_commit());
    printf("CPU: %s\n\nInstruction sets:\n", cpu_name(cpu, sizeof cpu));
    print_levels(kernels->isa);
    puts("\nKernels, and the instruction set that each is written for:");
    for (size_t i = 0; (name = vit_kernels_name_at(kernels, i, &level)); i++)
        printf("  %-22s %s\n", name, level);
}

static enum vit_status print_models_json(struct vit_error *err)
{
    json_t *families = json_array(), *architectures = json_array();
    const char *name, *model_type;

    for (size_t i = 0; (name = vit_family_at(i, &model_type)); i++)
        families =
            json_with(families, json_pack("{s:s, s:s?}", "family", name, "model_type", model_type));
    for (size_t i = 0; (name = vit_architecture_at(i)); i++)
        architectures = json_with(architectures, json_string(name));
    return print_json(json_pack("{s:o, s:o}", "families", families, "architectures", architectures),
                      err);
}

/* `vit info --models` */
static enum vit_status print_models(bool json, struct vit_error *err)
{
    const char *name, *model_type;

    if (json)
        return print_models_json(err);
    puts("Families, and the model_type in config.json that each is known by:");
    for (size_t i = 0; (name = vit_family_at(i, &model_type)); i++)
        printf("  %-22s %s\n", name, model_type ? model_type : "none");
    puts("\nArchitectures of timm, # being a number:");
    for (size_t i = 0; (name = vit_architecture_at(i)); i++)
        printf("  %s\n", name);
    return VIT_OK;
}

static enum vit_status info(const struct options *options, size_t count, char **operands,
                            struct vit_error *err)
{
    const struct vit_model_options how = model_options(options);
    const struct vit_kernels *kernels;
    struct vit_model *model = NULL;
    enum vit_status status = vit_kernels_get(options->isa, &kernels, err);

    if (options->models && count > 0)
        return tool_fail(err, VIT_EINVAL, "info: expected either --models or MODEL, found both");
    if (!status && options->models)
        return print_models(options->json, err);
    if (!status && count > 0)
        status = vit_model_open(operands[0], &how, &model, err);
    if (!status && options->json) {
        status = print_as_json(kernels, count ? operands[0] : NULL, model, err);
    } else if (!status) {
        print_machine(kernels);
        if (model)
            describe_model(operands[0], model);
    }
    vit_model_free(model);
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
        "folder, also its shape, each part of its arithmetic and where that comes from, its\n"
        "preprocessing, what its files leave unknown, and every tensor: name, shape, type and\n"
        "what it is used as.",
    .run = info,
};
