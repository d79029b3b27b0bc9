/* decode.c - a program with libvit-image, which C++ compiles too */
#include <stdio.h>
#include <vit/image.h>
#include <vit/inspect.h>
#include <vit/kernels.h>
#include <vit/vit.h>

int main(void)
{
    struct vit_image image;
    if (vit_image_decode_file("models/digits/test/4/1788.png", NULL, &image, NULL) != VIT_OK)
        return 1;
    printf("%d x %d\n", (int)image.height, (int)image.width);
    vit_image_free(&image);
    return vit_version_number() == VIT_VERSION_NUMBER ? 0 : 1;
}
