/* cmd_info.c - `libvit info`: what this machine can run, and what a model computes */
#include <string.h>

#include "measure/build_info.h"
#include "measure/cpu_text.h"
#include "tools/describe.h"
#include "tools/error.h"
#include "tools/machine.h"

struct info_options {
    bool models, verify, digest, json;
    struct size size;
};

static const struct info_options defaults = { .json = false };

static const struct option options[] = {
    { .name = "models",
      .parse = parse_flag,
      .field = offsetof(struct info_options, models),
      .help = "list the families and architectures that libvit opens" },
    { .name = "verify",
      .parse = parse_flag,
      .field = offsetof(struct info_options, verify),
      .help = "read all of the file of --packed and of the files of weights, and compare their\n"
              "SHA-256 with those in the file" },
    { .name = "digest",
      .parse = parse_flag,
      .field = offsetof(struct info_options, digest),
      .help = "print the digest that identifies the model's files; reads the files of weights\n"
              "again, except with --packed" },
    OPTION_SIZE(struct info_options),
    OPTION_JSON(struct info_options),
};

/* The level that is used unless one is forced, and why it is not the strongest usable one. */
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

static json_t *info_json(const struct vit_kernels *kernels)
{
    json_t *root = machine_json();

    root = json_set(root, "default", default_json());
    root = json_set(root, "isa", json_text(kernels->isa));
    return json_set(root, "kernels", kernels_json(kernels));
}

/* Usable levels above the default are printed with the reason. */
static void print_levels(const char *chosen)
{
    const char *reason, *name, *const standard = vit_isa_default(&reason);
    bool above_default = false;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++) {
        printf("  %-22s %s", name,
               !usable                     ? "not on this machine"
               : strcmp(name, chosen) == 0 ? "chosen"
                                           : "usable");
        if (usable && above_default && reason)
            printf(", not the default: %s", reason);
        putchar('\n');
        above_default = above_default || strcmp(name, standard) == 0;
    }
}

static void print_machine(const struct vit_kernels *kernels)
{
    const char *name, *level;
    char cpu[256], caches[256];

    vit_cpu_name(cpu, sizeof cpu);
    cpu_caches_text(caches, sizeof caches);
    printf("libvit %s, %s, commit %s\n", vit_version(), build_compiler(), build_commit());
    printf("CPU: %s\nCaches: %s\n\nInstruction sets:\n", cpu, caches);
    print_levels(kernels->isa);
    puts("\nKernels, and the instruction set of each:");
    for (size_t i = 0; (name = vit_kernels_name_at(kernels, i, &level)); i++)
        printf("  %-22s %s\n", name, level);
}

static enum vit_status print_models_json(struct vit_error *err)
{
    json_t *families = json_array(), *architectures = json_array();
    struct vit_family family = { .size = sizeof family };
    const char *name;

    for (size_t i = 0; vit_family_at(i, &family); i++)
        families = json_with(families, json_pack("{s:s, s:s, s:s?}", "id", family.id, "title",
                                                 family.title, "model_type", family.model_type));
    for (size_t i = 0; (name = vit_architecture_at(i)); i++)
        architectures = json_with(architectures, json_string(name));
    return print_json(json_pack("{s:o, s:o}", "families", families, "architectures", architectures),
                      err);
}

/* `libvit info --models` */
static enum vit_status print_models(bool json, struct vit_error *err)
{
    struct vit_family family = { .size = sizeof family };
    const char *name;

    if (json)
        return print_models_json(err);
    puts("Families, and the model_type in config.json that selects each:");
    for (size_t i = 0; vit_family_at(i, &family); i++)
        printf("  %-20s %-35s %s\n", family.id, family.title,
               family.model_type ? family.model_type : "none");
    puts("\nArchitectures by timm's names, in which # is a number:");
    for (size_t i = 0; (name = vit_architecture_at(i)); i++)
        printf("  %s\n", name);
    return VIT_OK;
}

static enum vit_status info(const struct invocation *in, struct vit_error *err)
{
    const struct info_options *const o = in->options;
    const char *const directory = in->count ? in->operands[0] : NULL;
    const struct vit_kernels *kernels;
    struct common_options common = *in->common;
    struct session session = { 0 };
    enum vit_status status = vit_kernels_get(common.isa, &kernels, err);

    common.digest = o->digest;
    common.verify = o->verify;
    if (o->models && directory)
        return tool_fail(err, VIT_EINVAL, "info: expected either --models or MODEL, found both");
    if (o->verify && !(directory && common.packed))
        return tool_fail(err, VIT_EINVAL,
                         "info: expected MODEL and --packed with --verify, found no %s",
                         directory ? "--packed" : "MODEL");
    if (o->digest && !directory)
        return tool_fail(err, VIT_EINVAL, "info: expected MODEL with --digest, found none");
    if (!status && o->models)
        return print_models(o->json, err);
    if (!status && directory)
        status = session_open(&common, o->size, directory, 0, &session, err);
    if (!status && o->json) {
        json_t *root = info_json(kernels);
        if (directory)
            root = json_set(root, "model", describe_model_json(directory, &session));
        status = print_json(root, err);
    } else if (!status) {
        print_machine(kernels);
        if (directory)
            describe_model(directory, &session);
    }
    session_close(&session);
    return status;
}

const struct subcommand subcommand_info = {
    .name = "info",
    .operands = "[MODEL]",
    .min_operands = 0,
    .max_operands = 1,
    .summary = "describes this machine's instruction sets, or a model",
    .description =
        "Prints the version and the build; the CPU, its instruction sets and the chosen one;\n"
        "and the instruction set of each kernel. For MODEL, a checkpoint directory, also prints\n"
        "its sizes, each field of its configuration and of its preprocess config with the\n"
        "source of the value, facts that its files lack, the linear layers with the number types\n"
        "of --precision and their bytes, and every tensor: name, shape, type and use.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .has_model = has_operand,
    .run = info,
};
