/* slots.c - the slots of a model's tensors, which do not depend on a family's names */
#include "checkpoint/slots.h"

#include <stdio.h>
#include <string.h>

#include "config/tokenizer.h"

#define ROW(identifier, name, init) { name, SLOT_INIT_##init },
static const struct {
    const char *name;
    enum slot_init init;
} slots[] = { SLOTS_ONCE(ROW) SLOTS_PER_STAGE(ROW) SLOTS_PER_BLOCK(ROW) };

enum slot_init slots_init(enum tensor_slot slot)
{
    return slots[slot].init;
}

enum {
    OF_STAGE = SLOT_FIRST_OF_BLOCK - SLOT_FIRST_OF_STAGE,
    OF_BLOCK = SLOT_COUNT - SLOT_FIRST_OF_BLOCK
};
enum { FIRST_BLOCK = SLOT_FIRST_OF_STAGE + T2T_BLOCKS * OF_STAGE };

size_t slots_copies(enum tensor_slot slot, const struct vit_config *config)
{
    return slot < SLOT_FIRST_OF_STAGE ? 1 : slot < SLOT_FIRST_OF_BLOCK ? T2T_BLOCKS : config->depth;
}

size_t slots_index(enum tensor_slot slot, size_t index)
{
    if (slot < SLOT_FIRST_OF_STAGE)
        return (size_t)slot;
    if (slot < SLOT_FIRST_OF_BLOCK)
        return (size_t)slot + index * OF_STAGE;
    return FIRST_BLOCK + (size_t)(slot - SLOT_FIRST_OF_BLOCK) + index * OF_BLOCK;
}

size_t slots_count(const struct vit_config *config)
{
    return slots_index(SLOT_FIRST_OF_BLOCK, config->depth);
}

static const char *group_of(enum tensor_slot slot)
{
    return slot < SLOT_FIRST_OF_BLOCK ? "tokens" : "blocks";
}

void slots_name(enum tensor_slot slot, size_t index, char name[64])
{
    if (slot < SLOT_FIRST_OF_STAGE)
        snprintf(name, 64, "%s", slots[slot].name);
    else
        snprintf(name, 64, "%s[%zu].%s", group_of(slot), index, slots[slot].name);
}

static void layer_name(enum tensor_slot weight, const char *index, char name[64])
{
    const char *const own = slots[weight].name;
    const int length = (int)(strrchr(own, '.') - own); /* without ".weight" */

    if (weight < SLOT_FIRST_OF_STAGE)
        snprintf(name, 64, "%.*s", length, own);
    else
        snprintf(name, 64, "%s.%s.%.*s", group_of(weight), index, length, own);
}

void slots_layer_name(enum tensor_slot weight, size_t index, char name[64])
{
    char digits[24];

    snprintf(digits, sizeof digits, "%zu", index);
    layer_name(weight, digits, name);
}

void slots_layer_pattern(enum tensor_slot weight, char name[64])
{
    layer_name(weight, "N", name);
}
