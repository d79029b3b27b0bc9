/* fuzz_index.c - libFuzzer target: any bytes as a model.safetensors.index.json */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "files/shard_index.h"
#include "tests/fuzz/demand.h"

/* What index.h promises of an index that it accepts. */
static void check(const struct index_file *index)
{
    demand(index->shards <= INDEX_MAX_SHARDS && index->shards <= index->count);
    for (size_t i = 0; i < index->shards; i++) {
        const char *name = index->shard[i];
        demand(strlen(name) > strlen(".safetensors"));
        demand(!strchr(name, '/') && !strstr(name, ".."));
        demand(i == 0 || strcmp(index->shard[i - 1], name) < 0);
    }
    for (size_t i = 0; i < index->count; i++) {
        const struct index_tensor *tensor = &index->tensors[i];
        demand(tensor->shard < index->shards);
        demand(i == 0 || tensor[-1].shard < tensor->shard ||
               (tensor[-1].shard == tensor->shard && strcmp(tensor[-1].name, tensor->name) < 0));
        demand(index->first[tensor->shard] <= i && i < index->first[tensor->shard + 1]);
        demand(index_find(index, tensor->name) == tensor);
    }
}

static void parse(const char *text, size_t size)
{
    struct index_file *index = NULL;
    struct vit_error err = { .status = VIT_OK };

    if (index_parse("fuzz.index.json", text, size, &index, &err)) {
        demand(err.status != VIT_OK && strlen(err.message) > 0 && !index);
        return;
    }
    check(index);
    index_free(index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Once as they are; once as what a weight_map holds, which few mutations reach whole. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char before[] = "{\"weight_map\":{", after[] = "}}";
    const size_t head = sizeof before - 1, tail = sizeof after - 1;
    char *text = malloc(head + size + tail);

    parse((const char *)data, size);
    demand(text != NULL);
    memcpy(text, before, head);
    if (size > 0)
        memcpy(text + head, data, size);
    memcpy(text + head + size, after, tail);
    parse(text, head + size + tail);
    free(text);
    return 0;
}
