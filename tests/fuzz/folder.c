/* folder.c - a directory of files in the bytes of a fuzzer's input */
#include "tests/fuzz/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <minizip/zip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/demand.h"

enum {
    MAX_DATA = 4 << 20, /* bytes of the data of a file of tensors */
    MAX_NPY_HEADER = 256
};

/* --- the encoding */

/* Takes at most `wanted` of the bytes that are left. */
static const uint8_t *take(const uint8_t **at, size_t *left, size_t wanted, size_t *bytes)
{
    const uint8_t *const taken = *at;

    *bytes = wanted < *left ? wanted : *left;
    *at += *bytes;
    *left -= *bytes;
    return taken;
}

void folder_parse(const uint8_t *bytes, size_t size, struct folder *folder)
{
    const uint8_t *h;
    size_t got;

    *folder = (struct folder){ .fill = 0x3c };
    h = take(&bytes, &size, FOLDER_HEADER, &got);
    if (got == FOLDER_HEADER) {
        folder->rows = h[0];
        folder->columns = h[1];
        folder->fill = h[2];
    }
    while (size >= FOLDER_FILE_HEADER && folder->count < FOLDER_MAX_FILES) {
        struct folder_file *const f = &folder->files[folder->count++];
        h = take(&bytes, &size, 2, &got);
        f->kind = h[0] % FOLDER_KINDS;
        f->name = take(&bytes, &size, h[1], &f->name_bytes);
        h = take(&bytes, &size, 3, &got);
        const size_t length = got < 3 ? 0 : h[0] | (size_t)h[1] << 8 | (size_t)h[2] << 16;
        f->content = take(&bytes, &size, length, &f->bytes);
    }
}

size_t folder_pack(const struct folder *folder, size_t max, uint8_t *out)
{
    const uint8_t header[FOLDER_HEADER] = { folder->rows, folder->columns, folder->fill };
    size_t at = FOLDER_HEADER;

    if (max < FOLDER_HEADER)
        return 0;
    memcpy(out, header, FOLDER_HEADER);
    for (size_t i = 0; i < folder->count; i++) {
        const struct folder_file *const f = &folder->files[i];
        if (max - at < FOLDER_FILE_HEADER + f->name_bytes)
            break;
        out[at++] = (uint8_t)f->kind;
        out[at++] = (uint8_t)f->name_bytes;
        if (f->name_bytes > 0)
            memcpy(out + at, f->name, f->name_bytes);
        at += f->name_bytes;
        const size_t room = max - at - 3, bytes = f->bytes < room ? f->bytes : room;
        for (int shift = 0; shift < 24; shift += 8)
            out[at++] = (uint8_t)(bytes >> shift);
        if (bytes > 0)
            memcpy(out + at, f->content, bytes);
        at += bytes;
    }
    return at;
}

/* --- what the kinds hold */

static size_t clamp(unsigned long long bytes)
{
    return bytes < MAX_DATA ? (size_t)bytes : MAX_DATA;
}

/* The content as a string, which the caller frees. */
static char *text_of(const struct folder_file *file)
{
    char *const text = malloc(file->bytes + 1);

    demand(text != NULL);
    if (file->bytes > 0)
        memcpy(text, file->content, file->bytes);
    text[file->bytes] = '\0';
    return text;
}

/* Where the data end, according to the header: the largest second offset. */
static size_t data_bytes(const char *header)
{
    static const char key[] = "\"data_offsets\":[";
    unsigned long long max = 0;

    for (const char *at = header; (at = strstr(at, key));) {
        at += sizeof key - 1;
        const char *const comma = strchr(at, ',');
        const unsigned long long end = comma ? strtoull(comma + 1, NULL, 10) : 0;
        max = end > max ? end : max;
    }
    return clamp(max);
}

static void write_all(int fd, const void *bytes, size_t count)
{
    for (ssize_t done; count > 0; count -= (size_t)done) {
        done = write(fd, bytes, count);
        demand(done > 0);
        bytes = (const char *)bytes + done;
    }
}

static void write_safetensors(const struct folder_file *file, uint8_t fill, int fd)
{
    char *const header = text_of(file);
    const size_t bytes = data_bytes(header);
    char *const data = malloc(bytes + 1);
    uint8_t length[8];

    demand(data != NULL);
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)file->bytes >> (8 * i));
    memset(data, fill, bytes);
    write_all(fd, length, sizeof length);
    write_all(fd, header, file->bytes);
    write_all(fd, data, bytes);
    free(data);
    free(header);
}

/* The .npy file of a line "NAME DESCR SHAPE", which is cut; the caller frees it. */
static char *make_npy(char *line, uint8_t fill, char **name, size_t *size)
{
    char *rest = NULL;
    const char *descr, *shape;
    unsigned long long bytes;
    char header[MAX_NPY_HEADER];

    *name = strtok_r(line, " ", &rest);
    descr = strtok_r(NULL, " ", &rest);
    shape = strtok_r(NULL, "", &rest);
    descr = descr ? descr : "<f4";
    shape = shape ? shape : "";
    bytes = strlen(descr) > 2 ? strtoull(descr + 2, NULL, 10) : 4;
    for (const char *at = shape; *at && bytes <= MAX_DATA; at += strspn(at, ", ")) {
        char *end;
        bytes *= strtoull(at, &end, 10);
        at = end > at ? end : at + 1;
    }
    const int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s)}\n",
                 descr, shape);
    const size_t text =
        length < (int)sizeof header ? (size_t)length : sizeof header - 1; /* cut: malformed */
    *size = 10 + text + clamp(bytes);
    char *const npy = malloc(*size);
    demand(npy != NULL);
    memset(npy, fill, *size);
    memcpy(npy, "\x93NUMPY\x01\x00", 8);
    npy[8] = (char)text;
    npy[9] = (char)(text >> 8);
    memcpy(npy + 10, header, text);
    return npy;
}

/* minizip writes to the stream that it gets as its opaque pointer. */
static voidpf open_stream(voidpf stream, const char *name, int mode)
{
    (void)name;
    (void)mode;
    return stream;
}

/* The members of the lines, until their data are too many. */
static void add_members(zipFile zip, char *lines, uint8_t fill, int method)
{
    size_t total = 0, size = 0;
    char *rest = NULL, *name, member[320];

    for (char *line = strtok_r(lines, "\n", &rest); line && total < MAX_DATA;
         line = strtok_r(NULL, "\n", &rest)) {
        char *const npy = make_npy(line, fill, &name, &size);
        snprintf(member, sizeof member, "%s.npy", name ? name : "");
        demand(zipOpenNewFileInZip(zip, member, NULL, NULL, 0, NULL, 0, NULL, method, 1) == ZIP_OK);
        demand(zipWriteInFileInZip(zip, npy, (unsigned)size) == ZIP_OK);
        demand(zipCloseFileInZip(zip) == ZIP_OK);
        free(npy);
        total += size;
    }
}

static void write_npz(const struct folder_file *file, uint8_t fill, int fd)
{
    char *const lines = text_of(file);
    zlib_filefunc_def functions;

    fill_fopen_filefunc(&functions);
    functions.zopen_file = open_stream;
    functions.opaque = fdopen(dup(fd), "wb"); /* which zipClose closes */
    demand(functions.opaque != NULL);
    const zipFile zip = zipOpen2("", APPEND_STATUS_CREATE, NULL, &functions);
    demand(zip != NULL);
    add_members(zip, lines, fill, file->kind == FOLDER_NPZ ? 0 : Z_DEFLATED);
    demand(zipClose(zip, NULL) == ZIP_OK);
    free(lines);
}

/* --- the disk */

static void write_file(const struct folder_file *file, uint8_t fill, int fd)
{
    switch (file->kind) {
    case FOLDER_SAFETENSORS:
        write_safetensors(file, fill, fd);
        break;
    case FOLDER_NPZ:
    case FOLDER_NPZ_DEFLATED:
        write_npz(file, fill, fd);
        break;
    default:
        write_all(fd, file->content, file->bytes);
        break;
    }
}

/* A name without slashes, which stays in the directory. */
static void name_of(const struct folder_file *file, char name[256])
{
    memcpy(name, file->name, file->name_bytes);
    name[file->name_bytes] = '\0';
    for (char *at = name; (at = strchr(at, '/'));)
        *at = '_';
}

/* A link stays in the directory too: it could lead to any file of this machine. */
static void make_link(const struct folder_file *file, int directory, const char *name)
{
    char *const says = text_of(file);

    for (char *at = says; (at = strchr(at, '/'));)
        *at = '_';
    (void)!symlinkat(strcmp(says, "..") == 0 ? "." : says, directory, name);
    free(says);
}

size_t folder_write(const struct folder *folder, int directory)
{
    size_t total = 0;

    for (size_t i = 0; i < folder->count; i++) {
        const struct folder_file *const file = &folder->files[i];
        char name[256];
        struct stat info;
        name_of(file, name);
        if (file->kind == FOLDER_DIRECTORY) {
            (void)!mkdirat(directory, name, 0700);
        } else if (file->kind == FOLDER_PIPE) {
            (void)!mkfifoat(directory, name, 0600);
        } else if (file->kind == FOLDER_LINK) {
            make_link(file, directory, name);
        } else {
            const int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
            if (fd < 0)
                continue;
            write_file(file, folder->fill, fd);
            demand(fstat(fd, &info) == 0);
            total += (size_t)info.st_size;
            close(fd);
        }
    }
    return total;
}

void folder_clear(int directory)
{
    const int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *const stream = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    demand(stream != NULL);
    while ((entry = readdir(stream)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlinkat(directory, entry->d_name, 0) != 0)
            demand(unlinkat(directory, entry->d_name, AT_REMOVEDIR) == 0);
    closedir(stream);
}
