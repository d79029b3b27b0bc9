/* slots.c - the slots of a model's tensors, which do not depend on a family's names */
#include "checkpoint/slots.h"

#include <stdio.h>

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

void slots_name(enum tensor_slot slot, size_t index, char name[64])
{
    if (slot < SLOT_FIRST_OF_STAGE)
        snprintf(name, 64, "%s", slots[slot].name);
    else
        snprintf(name, 64, "%s[%zu].%s", slot < SLOT_FIRST_OF_BLOCK ? "tokens" : "blocks", index,
                 slots[slot].name);
}
