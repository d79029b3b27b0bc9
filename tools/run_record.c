/* run_record.c - libvit.json: which model and options made the files of an output directory */
#include "tools/run_record.h"

#include <stdlib.h>
#include <string.h>

#include "tools/atomic_file.h"
#include "tools/error.h"
#include "tools/finite.h"
#include "tools/load.h"
#include "tools/print.h"
#include "tools/regular_file.h"
#include "tools/shard_output.h"
#include "vit/image.h"

/* --- the fingerprint */

/* Any colors, of which no two neighbors are alike. */
static void paint(struct vit_image *image)
{
    const size_t channels = vit_pixel_bytes(image->format);
    uint8_t *const pixels = image->pixels;

    for (size_t y = 0; y < image->height; y++)
        for (size_t x = 0; x < image->width * channels; x++)
            pixels[y * image->stride + x] = (uint8_t)(31 * x + 57 * y + x * y % 251);
}

static enum vit_status fingerprint(const char *model, struct session *s, size_t length,
                                   struct sha256 *digest, struct vit_error *err)
{
    struct vit_image pixels = { 0 };
    float *const row = malloc(length * sizeof *row);
    enum vit_status status = row ? create_pixels(s, &pixels, err) : tool_no_memory(err);

    if (!status) {
        paint(&pixels);
        status = session_embed(s, 1, &pixels, row, err);
    }
    const size_t finite = status ? 0 : finite_count(length, row);
    if (!status && finite < length)
        status = tool_fail(err, VIT_EFORMAT,
                           "%s: expected finite features, found %g at %zu; check the weights",
                           path_end(model), (double)row[finite], finite);
    if (!status)
        *digest = sha256_of(row, length * sizeof *row);
    vit_image_free(&pixels);
    free(row);
    return status;
}

enum vit_status run_record_make(const struct common_options *common, struct size size,
                                const char *model, struct session *session, struct run_record *r,
                                struct vit_error *err)
{
    size_t rows;

    *r = (struct run_record){ .model = strdup(model),
                              .size = size,
                              .keep = common->keep ? strdup(common->keep) : NULL,
                              .precision = common->precision,
                              .exif_orientation = session->preprocess.exif_orientation,
                              .max_pixels = common->max_pixels };
    if (!r->model || (common->keep && !r->keep))
        return tool_no_memory(err);
    vit_output_shape(session->model, VIT_OUTPUT_EMBEDDING, 0, &rows, &r->length);
    if (r->length == 0)
        return tool_fail(err, VIT_EINVAL,
                         "%s: expected a model that pools its tokens, found none; libvit run "
                         "writes the tokens",
                         path_end(model));
    return fingerprint(model, session, r->length, &r->fingerprint, err);
}

void run_record_free(struct run_record *r)
{
    free(r->model);
    free(r->keep);
    *r = (struct run_record){ 0 };
}

/* --- the file */

static json_t *to_json(const struct run_record *r)
{
    return json_pack("{s:o, s:I, s:I, s:s, s:o, s:b, s:I, s:I, s:s}", "model", json_text(r->model),
                     "height", (json_int_t)r->size.height, "width", (json_int_t)r->size.width,
                     "precision", vit_value_name("precision", r->precision), "keep",
                     json_text(r->keep), "exif_orientation", r->exif_orientation, "max_pixels",
                     (json_int_t)r->max_pixels, "length", (json_int_t)r->length, "fingerprint",
                     r->fingerprint.text);
}

static const struct option precision_option = { .enum_field = "precision" };

static enum vit_status from_json(const char *path, json_t *root, struct run_record *r,
                                 struct vit_error *err)
{
    const char *model, *precision, *digest;
    json_int_t height, width, max_pixels, length;
    json_error_t why;
    json_t *keep;
    int exif;

    if (json_unpack_ex(root, &why, 0, "{s:s, s:I, s:I, s:s, s:o, s:b, s:I, s:I, s:s}", "model",
                       &model, "height", &height, "width", &width, "precision", &precision, "keep",
                       &keep, "exif_orientation", &exif, "max_pixels", &max_pixels, "length",
                       &length, "fingerprint", &digest) != 0)
        return tool_fail(err, VIT_EFORMAT, "%s: expected the record of a run, found another: %s",
                         path_end(path), why.text);
    if ((!json_is_null(keep) && !json_is_string(keep)) || height < 0 || height > 65536 ||
        width < 0 || width > 65536 || max_pixels < 0 || length < 1 ||
        !sha256_from_text(digest, &r->fingerprint) ||
        !parse_enum(&precision_option, precision, &r->precision))
        return tool_fail(err, VIT_EFORMAT, "%s: expected values that a run writes, found others",
                         path_end(path));
    r->model = strdup(model);
    r->keep = json_is_string(keep) ? strdup(json_string_value(keep)) : NULL;
    r->size = (struct size){ (size_t)height, (size_t)width };
    r->exif_orientation = exif;
    r->max_pixels = (size_t)max_pixels;
    r->length = (size_t)length;
    return r->model && (r->keep || json_is_null(keep)) ? VIT_OK : tool_no_memory(err);
}

enum vit_status run_record_load(const char *directory, struct run_record *r, struct vit_error *err)
{
    char *const path = shard_output_path(directory, "libvit", ".json");
    FILE *file;
    size_t bytes;
    enum vit_status status =
        path ? regular_file_open(path, &file, &bytes, err) : tool_no_memory(err);
    json_error_t why;

    *r = (struct run_record){ 0 };
    if (!status) {
        json_t *const root = json_loadf(file, JSON_REJECT_DUPLICATES, &why);
        status = root ? from_json(path, root, r, err)
                      : tool_fail(err, VIT_EFORMAT, "%s: expected JSON, found another text: %s",
                                  path_end(path), why.text);
        json_decref(root);
        fclose(file);
    }
    free(path);
    return status;
}

static enum vit_status save(const char *directory, const struct run_record *r,
                            struct vit_error *err)
{
    char *const path = shard_output_path(directory, "libvit", ".json");
    json_t *const root = to_json(r);
    struct atomic_file file = { 0 };
    enum vit_status status =
        path && root ? atomic_file_open(path, &file, err) : tool_no_memory(err);

    if (!status && json_dumpf(root, file.file, JSON_INDENT(2) | JSON_ENSURE_ASCII) != 0)
        status = tool_no_memory(err);
    if (!status) {
        putc('\n', file.file);
        status = atomic_file_sync(&file, err);
    }
    if (!status)
        status = atomic_file_commit(&file, err);
    atomic_file_discard(&file);
    json_decref(root);
    free(path);
    return status;
}

/* --- comparison */

enum vit_status run_record_compare(const char *directory, const struct run_record *expected,
                                   const struct run_record *found, struct vit_error *err)
{
    json_t *const a = to_json(expected), *const b = to_json(found);
    const char *name = NULL, *differs = NULL;
    enum vit_status status = a && b ? VIT_OK : tool_no_memory(err);
    json_t *value;

    json_object_foreach (a, name, value) {
        if (strcmp(name, "model") != 0 && !json_equal(value, json_object_get(b, name))) {
            differs = name;
            break;
        }
    }
    if (!status && differs) {
        char *const expects = json_dumps(value, JSON_ENCODE_ANY);
        char *const finds = json_dumps(json_object_get(b, differs), JSON_ENCODE_ANY);
        status =
            tool_fail(err, VIT_EINVAL,
                      "%s: the files there are of another model or other options: %s: "
                      "expected %s, found %s",
                      path_end(directory), differs, expects ? expects : "", finds ? finds : "");
        free(expects);
        free(finds);
    }
    json_decref(a);
    json_decref(b);
    return status;
}

enum vit_status run_record_settle(const char *directory, const struct run_record *r,
                                  struct vit_error *err)
{
    struct run_record there = { 0 };
    struct vit_error why;
    enum vit_status status = run_record_load(directory, &there, &why);

    if (status == VIT_ENOTFOUND) {
        run_record_free(&there);
        status = save(directory, r, err);
        /* another process may have written one in between */
        if (!status)
            status = run_record_load(directory, &there, err);
    } else if (status) {
        tool_pass(&why, err);
    }
    if (!status)
        status = run_record_compare(directory, &there, r, err);
    run_record_free(&there);
    return status;
}
