/*
 * caller.c - a program of one version of the headers, to be run against libraries of others
 *
 * tests/abi.sh compiles it under AddressSanitizer against the frozen headers and, with -DLATER,
 * against a copy in which every struct has two fields more. Each struct is allocated on its own, so
 * that a library that reads or writes past its end is caught.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vit/image.h"
#include "vit/inspect.h"
#include "vit/vit.h"

static int failures;
static struct vit_error err;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("caller.c:%d: %s; %s\n", __LINE__, #condition, err.message);                    \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

/* Allocates a struct and sets every byte except its size to `fill`. */
static void *sized_new(size_t size, int fill)
{
    void *const object = malloc(size);

    if (!object)
        exit(2);
    memset(object, fill, size);
    memcpy(object, &size, sizeof size);
    return object;
}
#define INPUT(type)  ((type *)sized_new(sizeof(type), 0))
#define OUTPUT(type) ((type *)sized_new(sizeof(type), 0xff))

/*
 * Of a library that lacks the fields: an output has them zeroed, an input that sets one is refused,
 * and one that does not is accepted.
 */
#ifdef LATER
#define EXPECT_ZEROED(object)                                                                      \
    EXPECT((object)->field_of_a_later_version == 0 && !(object)->flag_of_a_later_version)
#define EXPECT_REFUSED(object, call)                                                               \
    do {                                                                                           \
        (object)->field_of_a_later_version = 1;                                                    \
        EXPECT((call) == VIT_EUNSUPPORTED);                                                        \
        (object)->field_of_a_later_version = 0;                                                    \
        (object)->flag_of_a_later_version = true;                                                  \
        EXPECT((call) == VIT_EUNSUPPORTED);                                                        \
        (object)->flag_of_a_later_version = false;                                                 \
    } while (0)
#else
#define EXPECT_ZEROED(object)        ((void)(object))
#define EXPECT_REFUSED(object, call) ((void)0)
#endif

static struct vit_config *tiny_config(void)
{
    struct vit_config *const c = OUTPUT(struct vit_config);
    double value;

    EXPECT(vit_config_from_name("vit_tiny_patch16_224", c, &err) == VIT_OK);
    EXPECT(c->size == sizeof *c && c->dim == 192);
    EXPECT_ZEROED(c);
    EXPECT_REFUSED(c, vit_config_get(c, "dim", &value, &err));
    EXPECT(vit_config_set(c, "depth", 2, &err) == VIT_OK);
    EXPECT(vit_config_set(c, "height", 32, &err) == VIT_OK);
    EXPECT(vit_config_set(c, "width", 32, &err) == VIT_OK);
    EXPECT(vit_config_set(c, "classes", 5, &err) == VIT_OK);
    EXPECT(vit_config_get(c, "depth", &value, &err) == VIT_OK && value == 2);
    EXPECT(vit_config_flops(c, &value, &err) == VIT_OK && value > 0);
    return c;
}

static struct vit_model *create_model(const struct vit_config *c)
{
    struct vit_model_options *const options = INPUT(struct vit_model_options);
    struct vit_model *model = NULL;

    EXPECT_REFUSED(options, vit_model_create_random(c, 1, options, &model, &err));
    EXPECT(vit_model_create_random(c, 1, options, &model, &err) == VIT_OK);
    free(options);
    return model;
}

static void read_back(const struct vit_model *model)
{
    struct vit_config *const c = OUTPUT(struct vit_config);
    struct vit_preprocess_config *const p = OUTPUT(struct vit_preprocess_config);
    struct vit_config_entry *const entry = OUTPUT(struct vit_config_entry);
    struct vit_field *const field = OUTPUT(struct vit_field);
    struct vit_family *const family = OUTPUT(struct vit_family);
    struct vit_output_info *const output = OUTPUT(struct vit_output_info);

    EXPECT(vit_model_get_config(model, c, &err) == VIT_OK);
    EXPECT(c->size == sizeof *c && c->dim == 192 && c->depth == 2);
    EXPECT_ZEROED(c);
    EXPECT(vit_model_get_preprocess_config(model, p, &err) == VIT_OK);
    EXPECT(p->size == sizeof *p && p->height == 32);
    EXPECT_ZEROED(p);
    EXPECT(vit_model_config_entry(model, 0, entry) && strcmp(entry->name, "channels") == 0);
    EXPECT_ZEROED(entry);
    EXPECT(vit_config_field_at(0, field) && strcmp(field->name, "channels") == 0);
    EXPECT_ZEROED(field);
    EXPECT(vit_family_at(0, family) && family->id && family->title);
    EXPECT_ZEROED(family);
    EXPECT(vit_output_at(VIT_OUTPUT_ATTENTION, output) && output->rank == 3 && output->per_block);
    EXPECT_ZEROED(output);
    free(c);
    free(p);
    free(entry);
    free(field);
    free(family);
    free(output);
}

static void preprocess(const struct vit_model *model, float *input /* [3][32][32] */)
{
    static uint8_t pixels[40 * 40 * 3];
    const struct vit_image image = { pixels, 40, 40, 40 * 3, VIT_PIXEL_FORMAT_RGB };
    struct vit_preprocess_config *const p = OUTPUT(struct vit_preprocess_config);
    struct vit_preprocess_options *const options = INPUT(struct vit_preprocess_options);

    EXPECT(vit_model_get_preprocess_config(model, p, &err) == VIT_OK);
    EXPECT_REFUSED(p, vit_preprocess_image(p, &image, options, input, &err));
    EXPECT_REFUSED(options, vit_preprocess_image(p, &image, options, input, &err));
    EXPECT(vit_preprocess_image(p, &image, options, input, &err) == VIT_OK);
    free(p);
    free(options);
}

#ifdef LATER /* the frozen headers have no pixels */
static void forward_pixels(struct vit_context *context, struct vit_call *call, const float *input,
                           struct vit_output_request request)
{
    static uint8_t memory[32 * 32 * 3];
    const struct vit_image pixels = { memory, 32, 32, 32 * 3, VIT_PIXEL_FORMAT_RGB };

    call->images = NULL;
    call->pixels = &pixels;
    call->outputs = &request;
    call->output_count = 1;
    EXPECT_REFUSED(call, vit_forward_call(context, call, &err));
    EXPECT(vit_forward_call(context, call, &err) == VIT_OK);
    call->images = input;
    EXPECT(vit_forward_call(context, call, &err) == VIT_EINVAL);
}
#endif

static void forward(const struct vit_model *model, const float *input)
{
    struct vit_context_options *const options = INPUT(struct vit_context_options);
    struct vit_call *const call = INPUT(struct vit_call);
    struct vit_output_request *const requests = calloc(2, sizeof *requests);
    struct vit_context *context = NULL;
    float logits[5], same[5];
    float *const block = malloc(5 * 192 * sizeof *block);

    if (!requests || !block)
        exit(2);
    options->threads = 1;
    EXPECT_REFUSED(options, vit_context_create(model, options, &context, &err));
    EXPECT(vit_context_create(model, options, &context, &err) == VIT_OK);
    EXPECT(vit_forward(context, 1, input, logits, &err) == VIT_OK);

    requests[0].size = requests[1].size = sizeof *requests;
    requests[0].output = VIT_OUTPUT_BLOCK;
    requests[0].data = block;
    requests[1].output = VIT_OUTPUT_LOGITS;
    requests[1].data = same;
    call->batch = 1;
    call->images = input;
    call->outputs = requests;
    call->output_count = 2;
    EXPECT_REFUSED(call, vit_forward_call(context, call, &err));
    EXPECT_REFUSED(&requests[1], vit_forward_call(context, call, &err));
    EXPECT(vit_forward_call(context, call, &err) == VIT_OK);
    EXPECT(memcmp(logits, same, sizeof same) == 0);
#ifdef LATER
    forward_pixels(context, call, input, requests[1]);
#endif
    vit_context_free(context);
    free(options);
    free(call);
    free(requests);
    free(block);
}

static void open_checkpoint(void)
{
    struct vit_tensor_info *const tensor = OUTPUT(struct vit_tensor_info);
    struct vit_model *model = NULL;

    EXPECT(vit_model_open("models/digits", NULL, &model, &err) == VIT_OK);
    EXPECT(vit_model_tensor_at(model, 0, tensor) && tensor->name && tensor->rank > 0);
    EXPECT_ZEROED(tensor);
    vit_model_free(model);
    free(tensor);
}

static void decode(void)
{
    struct vit_decode_options *const options = INPUT(struct vit_decode_options);
    struct vit_image image = { 0 };
    const char *const path = "models/digits/test/3/0060.png";

    EXPECT_REFUSED(options, vit_image_decode_file(path, options, &image, &err));
    EXPECT(vit_image_decode_file(path, options, &image, &err) == VIT_OK && image.height == 8);
    vit_image_free(&image);
    free(options);
}

int main(void)
{
    struct vit_config *const config = tiny_config();
    struct vit_model *const model = create_model(config);
    float *const input = malloc(3 * 32 * 32 * sizeof *input);

    if (!model || !input)
        return 2;
    EXPECT_REFUSED(config,
                   vit_model_create_random(config, 1, NULL, &(struct vit_model *){ 0 }, &err));
    read_back(model);
    preprocess(model, input);
    forward(model, input);
    vit_model_free(model);
    open_checkpoint();
    decode();
    free(config);
    free(input);
    return failures != 0;
}
