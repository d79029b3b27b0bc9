# preprocess.py - preprocessing against another build of libvit, Pillow, OpenCV and libvips
#
# An image of noise becomes the input of a model of 224 x 224 (crop_pct 0.875). libvit resizes,
# crops and normalizes; Pillow, OpenCV and libvips only resize and crop. Pillow's bytes equal
# libvit's; OpenCV (INTER_AREA) and libvips (a box filter, then a cubic one) filter otherwise.
# Rounds are interleaved; a ratio is the median of the ratios within rounds.
import argparse
import ctypes
import ctypes.util
import os
import statistics
import time

size_t, pointer = ctypes.c_size_t, ctypes.c_void_p
FORMATS = {"RGB": (0, 3), "RGBA": (2, 4), "L": (3, 1)}
SIZE, SHORT = 224, 256


class Config(ctypes.Structure):
    _fields_ = [("size", size_t), ("channels", size_t), ("height", size_t), ("width", size_t),
                ("interpolation", ctypes.c_int), ("crop_mode", ctypes.c_int),
                ("crop_rounds_down", ctypes.c_bool), ("crop_pct", ctypes.c_double),
                ("mean", ctypes.c_float * 3), ("std", ctypes.c_float * 3),
                ("exif_orientation", ctypes.c_bool), ("reserved", ctypes.c_ubyte * 7)]


class Image(ctypes.Structure):
    _fields_ = [("pixels", pointer), ("height", size_t), ("width", size_t), ("stride", size_t),
                ("format", ctypes.c_int)]


class Parallel(ctypes.Structure):
    _fields_ = [("run", pointer), ("user", pointer), ("threads", size_t)]


class Options(ctypes.Structure):
    _fields_ = [("size", size_t), ("parallel", ctypes.POINTER(Parallel)),
                ("reserved", ctypes.c_ubyte * 8)]


class PoolOptions(ctypes.Structure):
    _fields_ = [("size", size_t), ("threads", size_t), ("stack_bytes", size_t),
                ("reserved", ctypes.c_ubyte * 8)]


class Error(ctypes.Structure):  # at least as long as struct vit_error
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 4096)]


def libvit(path, picture, threads):
    """A function that preprocesses the picture, and its result, as bytes."""
    lib, error, pool = ctypes.CDLL(os.path.abspath(path)), Error(), pointer()
    half = (ctypes.c_float * 3)(0.5, 0.5, 0.5)
    channels = 1 if picture.mode == "L" else 3
    config = Config(ctypes.sizeof(Config), channels, SIZE, SIZE, 0, 0, False, SIZE / SHORT, half,
                    half)
    number, step = FORMATS[picture.mode]
    pixels = ctypes.create_string_buffer(picture.tobytes())
    image = Image(ctypes.cast(pixels, pointer), picture.height, picture.width,
                  picture.width * step, number)
    out = (ctypes.c_float * (channels * SIZE * SIZE))()
    options = Options(ctypes.sizeof(Options))
    if threads > 1:
        pool_options = PoolOptions(ctypes.sizeof(PoolOptions), threads)
        if lib.vit_pool_create(ctypes.byref(pool_options), ctypes.byref(pool), ctypes.byref(error)):
            raise SystemExit(error.message.decode())
        parallel = Parallel(ctypes.cast(lib.vit_pool_run, pointer), pool, threads)
        options.parallel = ctypes.pointer(parallel)

    def run():
        if lib.vit_preprocess_image(ctypes.byref(config), ctypes.byref(image),
                                    ctypes.byref(options), out, ctypes.byref(error)):
            raise SystemExit(error.message.decode())

    run()
    return run, [[round((x * 0.5 + 0.5) * 255) for x in out[c * SIZE * SIZE:(c + 1) * SIZE * SIZE]]
                 for c in range(channels)]


def scaled(picture):
    short = min(picture.width, picture.height)
    width, height = picture.width * SHORT // short, picture.height * SHORT // short
    return width, height, round((width - SIZE) / 2), round((height - SIZE) / 2)


def pillow(picture, _threads):
    width, height, left, top = scaled(picture)

    def run():
        small = picture.resize((width, height), 3)  # 3: BICUBIC
        return small.crop((left, top, left + SIZE, top + SIZE))

    return run


def opencv(picture, threads):
    import cv2
    import numpy
    width, height, left, top = scaled(picture)
    pixels = numpy.asarray(picture)
    cv2.setNumThreads(threads)

    def run():
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        return small[top:top + SIZE, left:left + SIZE].copy()

    return run


def libvips(picture, threads):
    lib = ctypes.CDLL("libvips.so.42")
    if lib.vips_init(b"libvit"):
        raise OSError("vips_init failed")
    lib.vips_concurrency_set(threads)
    for name in ("vips_image_new_from_memory", "vips_image_write_to_memory"):
        getattr(lib, name).restype = pointer
    free = ctypes.CDLL("libglib-2.0.so.0").g_free
    unref = ctypes.CDLL("libgobject-2.0.so.0").g_object_unref
    width, height, left, top = scaled(picture)
    pixels, bands = picture.tobytes(), FORMATS[picture.mode][1]
    across, down = width / picture.width, height / picture.height

    def run():
        whole = pointer(lib.vips_image_new_from_memory(pixels, size_t(len(pixels)), picture.width,
                                                       picture.height, bands, 0))
        small, part, bytes_ = pointer(), pointer(), size_t()
        if lib.vips_resize(whole, ctypes.byref(small), ctypes.c_double(across), b"vscale",
                           ctypes.c_double(down), b"kernel", 2, None):  # 2: cubic
            raise OSError("vips_resize failed")
        if lib.vips_extract_area(small, ctypes.byref(part), left, top, SIZE, SIZE, None):
            raise OSError("vips_extract_area failed")
        free(pointer(lib.vips_image_write_to_memory(part, ctypes.byref(bytes_))))
        for image in (part, small, whole):
            unref(image)

    return run


def rounds_of(jobs, count):
    times = {name: [] for name in jobs}
    for i in range(count + 2):  # two to warm up
        for name, run in jobs.items():
            begin = time.perf_counter()
            run()
            if i >= 2:
                times[name].append(time.perf_counter() - begin)
    return times


def measure(picture, threads, args):
    run, found = libvit(args.library, picture, threads)
    jobs, missing = {"libvit": run}, []
    if args.base:
        jobs["base"], expected = libvit(args.base, picture, threads)
        if found != expected:
            raise SystemExit("libvit and the base differ")
    for name, make in (("Pillow", pillow), ("OpenCV", opencv), ("libvips", libvips)):
        try:
            peer = make(picture, threads)
            small = peer()
            jobs[name] = peer
        except (ImportError, OSError, AttributeError) as error:
            missing.append(f"{name}: missing ({error})")
            continue
        if name == "Pillow":
            bands = small.convert("RGB").split() if len(found) == 3 else [small]
            if picture.mode != "RGBA" and [list(band.getdata()) for band in bands] != found:
                raise SystemExit("libvit and Pillow differ")
    times = rounds_of(jobs, args.rounds)
    print(f"{picture.width} x {picture.height} {picture.mode}, {threads} thread(s), "
          f"{args.rounds} rounds")
    for name, own in times.items():
        ratio = statistics.median(t / v for t, v in zip(own, times["libvit"]))
        print(f"  {name:8} {statistics.median(own) * 1e3:7.2f} ms, best {min(own) * 1e3:7.2f}, "
              f"{ratio:6.2f} times libvit's")
    for line in missing:
        print(f"  {line}")


def main():
    parser = argparse.ArgumentParser(description="preprocessing against other libraries")
    parser.add_argument("library", help="libvit.so")
    parser.add_argument("--base", help="libvit.so of another build")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--sizes", nargs="*", default=["4000x3000", "640x480"])
    parser.add_argument("--modes", nargs="*", default=["RGB"], choices=list(FORMATS))
    args = parser.parse_args()
    try:
        from PIL import Image as pictures
    except ImportError as error:
        raise SystemExit(f"make bench-preprocess: expected python3-pil, found none ({error})")
    for size in args.sizes:
        width, height = map(int, size.split("x"))
        noise = pictures.effect_noise((width, height), 80)
        for mode in args.modes:
            bands = [noise.rotate(180 * (i % 2)) for i in range(len(mode))]
            picture = bands[0] if mode == "L" else pictures.merge(mode, bands)
            for threads in args.threads:
                measure(picture, threads, args)


if __name__ == "__main__":
    main()
