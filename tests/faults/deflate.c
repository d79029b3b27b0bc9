/* deflate.c - a copy of a stored .npz archive whose members are deflated */
#include "tests/faults/deflate.h"

#include <minizip/unzip.h>
#include <minizip/zip.h>

static bool copy_member(unzFile from, zipFile to)
{
    char name[256], bytes[4096];
    int count = -1;

    if (unzGetCurrentFileInfo64(from, NULL, name, sizeof name, NULL, 0, NULL, 0) != UNZ_OK ||
        unzOpenCurrentFile(from) != UNZ_OK ||
        zipOpenNewFileInZip64(to, name, NULL, NULL, 0, NULL, 0, NULL, Z_DEFLATED,
                              Z_DEFAULT_COMPRESSION, 0) != ZIP_OK)
        return false;
    while ((count = unzReadCurrentFile(from, bytes, sizeof bytes)) > 0)
        if (zipWriteInFileInZip(to, bytes, (unsigned)count) != ZIP_OK)
            return false;
    return count == 0 && unzCloseCurrentFile(from) == UNZ_OK && zipCloseFileInZip(to) == ZIP_OK;
}

bool copy_deflated(const char *from, const char *to)
{
    unzFile const in = unzOpen64(from);
    zipFile const out = in ? zipOpen64(to, APPEND_STATUS_CREATE) : NULL;
    bool copied = out && unzGoToFirstFile(in) == UNZ_OK;

    while (copied && (copied = copy_member(in, out)) && unzGoToNextFile(in) == UNZ_OK)
        ;
    if (out)
        copied = zipClose(out, NULL) == ZIP_OK && copied;
    if (in)
        unzClose(in);
    return copied;
}
