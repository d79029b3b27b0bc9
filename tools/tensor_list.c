/* tensor_list.c - the tensors of a checkpoint, as text or JSON */
#include "tools/tensor_list.h"

#include <string.h>

#include "tools/path_name.h"

/* The widths of the columns. */
struct layout {
    size_t name, dtype;
    bool files; /* there are several files: prints the file of each tensor */
};

static struct layout lay_out(const struct vit_model *model)
{
    enum { MAX_NAME = 80 };
    struct layout layout = { 0 };
    struct vit_tensor_info first = { .size = sizeof first }, t = { .size = sizeof t };

    vit_model_tensor_at(model, 0, &first);
    for (size_t i = 0; vit_model_tensor_at(model, i, &t); i++) {
        const size_t name = strlen(t.name), dtype = strlen(t.dtype);
        layout.name = name > layout.name ? name : layout.name;
        layout.dtype = dtype > layout.dtype ? dtype : layout.dtype;
        layout.files = layout.files || strcmp(t.file, first.file) != 0;
    }
    if (layout.name > MAX_NAME)
        layout.name = MAX_NAME;
    return layout;
}

static void print_padded(const char *text, size_t width)
{
    const size_t length = strlen(text);

    print_text(stdout, text);
    printf("%*s  ", (int)(length < width ? width - length : 0), "");
}

void print_tensors(const struct vit_model *model)
{
    const struct layout layout = lay_out(model);
    struct vit_tensor_info t = { .size = sizeof t };

    if (vit_model_tensor_at(model, 0, &t))
        puts("\nTensors, and what each is used for:");
    for (size_t i = 0; vit_model_tensor_at(model, i, &t); i++) {
        char shape[256] = "scalar";
        size_t length = 0;
        for (size_t j = 0; j < t.rank && length < sizeof shape; j++)
            length += (size_t)snprintf(shape + length, sizeof shape - length, "%s%zu", j ? "x" : "",
                                       t.shape[j]);
        fputs("  ", stdout);
        print_padded(t.name, layout.name);
        print_padded(t.dtype, layout.dtype);
        printf("%-16s  %s", shape, t.use ? t.use : "ignored");
        if (layout.files) {
            fputs(", in ", stdout);
            print_text(stdout, path_name(t.file));
        }
        putchar('\n');
    }
}

json_t *tensors_json(const struct vit_model *model)
{
    json_t *tensors = json_array();
    struct vit_tensor_info t = { .size = sizeof t };

    for (size_t i = 0; vit_model_tensor_at(model, i, &t); i++) {
        json_t *shape = json_array();
        for (size_t j = 0; j < t.rank; j++)
            shape = json_with(shape, json_integer((json_int_t)t.shape[j]));
        tensors =
            json_with(tensors, json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", json_text(t.name),
                                         "file", json_text(t.file), "dtype", json_text(t.dtype),
                                         "shape", shape, "use", json_text(t.use)));
    }
    return tensors;
}
