/* new_tensors.h - the tensors that a new checkpoint must have, from its config.json alone */
#ifndef VIT_CHECKPOINT_NEW_TENSORS_H
#define VIT_CHECKPOINT_NEW_TENSORS_H

#include "checkpoint/slots.h"
#include "files/safetensors_write.h"

/* What a tensor is for. */
struct tensor_place {
    enum tensor_slot slot;
    size_t index; /* of the token transformer or block, otherwise 0 */
};

struct new_tensors {
    struct vit_config config;
    size_t count;
    struct new_tensor *tensors;  /* [count], by the names of the family */
    struct tensor_place *places; /* [count]; each tensor has the layout of its slot */
};

/*
 * Reads a config.json, and lists the tensors of its model in the order of the modules. Only for the
 * family "series", whose configuration says everything. new_tensors_free() is the caller's in any
 * case. VIT_EUNSUPPORTED: another family; errors as parse_config and file_read_text.
 */
enum vit_status new_tensors_list(const char *config_path, struct new_tensors *list,
                                 struct vit_error *err);
void new_tensors_free(struct new_tensors *list);

#endif
