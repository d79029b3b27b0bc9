/* features_search.c - the images most similar to one: features_search MODEL QUERY DIRECTORY */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vit/image.h>
#include <vit/vit.h>

enum { MAX_IMAGES = 1000, SHOWN = 3 };

struct search {
    struct vit_model *model;
    struct vit_context *context;
    struct vit_preprocess_config preprocess;
    float *input;
    size_t length; /* of a feature vector */
};

struct found {
    char path[512];
    double cosine;
};

static struct vit_error err;

static void must(enum vit_status status)
{
    if (status != VIT_OK) {
        fprintf(stderr, "features_search: %s\n", err.message);
        exit(EXIT_FAILURE);
    }
}

static float *allocate(size_t count)
{
    float *floats = calloc(count, sizeof *floats);

    if (!floats) {
        fputs("features_search: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return floats;
}

static void open_search(const char *directory, struct search *s)
{
    struct vit_config config = { .size = sizeof config };

    *s = (struct search){ .preprocess = { .size = sizeof s->preprocess } };
    must(vit_model_open(directory, NULL, &s->model, &err));
    must(vit_model_get_config(s->model, &config, &err));
    must(vit_model_get_preprocess_config(s->model, &s->preprocess, &err));
    must(vit_context_create(s->model, NULL, &s->context, &err));
    s->input = allocate(config.channels * config.height * config.width);
    vit_output_shape(s->model, VIT_OUTPUT_EMBEDDING, 0, NULL, &s->length);
}

/* The embedding of an image, scaled to length 1: the dot product of two is then their cosine. */
static void compute_features(const struct search *s, const char *path, float *features)
{
    struct vit_output_request request = { .size = sizeof request,
                                          .output = VIT_OUTPUT_EMBEDDING,
                                          .data = features };
    const struct vit_call call = {
        .size = sizeof call, .batch = 1, .images = s->input, .outputs = &request, .output_count = 1
    };
    const struct vit_decode_options how = { .size = sizeof how,
                                            .exif_orientation = s->preprocess.exif_orientation };
    struct vit_image image;
    double norm = 0;

    must(vit_image_decode_file(path, &how, &image, &err));
    must(vit_preprocess_image(&s->preprocess, &image, NULL, s->input, &err));
    vit_image_free(&image);
    must(vit_forward_call(s->context, &call, &err));
    for (size_t i = 0; i < s->length; i++)
        norm += (double)features[i] * (double)features[i];
    for (size_t i = 0; i < s->length; i++)
        features[i] = (float)((double)features[i] / sqrt(norm));
}

static int most_similar_first(const void *a, const void *b)
{
    const struct found *p = a, *q = b;

    if (p->cosine != q->cosine)
        return p->cosine > q->cosine ? -1 : 1;
    return strcmp(p->path, q->path);
}

int main(int argc, char **argv)
{
    static struct found all[MAX_IMAGES];
    struct search s;
    size_t count = 0;

    DIR *directory = argc == 4 ? opendir(argv[3]) : NULL;
    if (!directory) {
        fputs("usage: features_search MODEL QUERY DIRECTORY\n", stderr);
        return EXIT_FAILURE;
    }
    open_search(argv[1], &s);
    float *query = allocate(s.length), *features = allocate(s.length);
    compute_features(&s, argv[2], query);

    for (struct dirent *entry; count < MAX_IMAGES && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(all[count].path, sizeof all[count].path, "%s/%s", argv[3], entry->d_name);
        compute_features(&s, all[count].path, features);
        for (size_t i = 0; i < s.length; i++)
            all[count].cosine += (double)query[i] * (double)features[i];
        count++;
    }
    qsort(all, count, sizeof *all, most_similar_first);
    for (size_t i = 0; i < count && i < SHOWN; i++)
        printf("%.3f %s\n", all[i].cosine, all[i].path);

    closedir(directory);
    free(features);
    free(query);
    free(s.input);
    vit_context_free(s.context);
    vit_model_free(s.model);
    return EXIT_SUCCESS;
}
