/* test_progress_bar.c - what the command draws on a terminal while it computes */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counts.h"
#include "measure/clock.h"
#include "tools/progress.h"

/* A terminal in the place of standard error: what is written there is read here. */
static int terminal(void)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    char name[128];

    cr_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    cr_assert_eq(ptsname_r(master, name, sizeof name), 0);
    const int slave = open(name, O_RDWR | O_NOCTTY);
    cr_assert(slave >= 0 && dup2(slave, STDERR_FILENO) == STDERR_FILENO);
    close(slave);
    return master;
}

/* What was written since the last call. It arrives in pieces: a mark of ours is the end. */
static const char *drawn(int master)
{
    static const char end = '\a';
    static char text[512];
    size_t size = 0;

    cr_assert_eq(write(STDERR_FILENO, &end, 1), 1);
    do {
        cr_assert(size < sizeof text && read(master, &text[size], 1) == 1);
    } while (text[size++] != end);
    text[size - 1] = '\0';
    return text;
}

/* The time at which all have begun. */
#define START 1000.0

static struct progress begun(size_t total)
{
    struct progress progress = progress_start(total);

    cr_assert(progress.start > 0 && progress.terminal);
    progress.start = START;
    return progress;
}

/* So many of the images after so many seconds. */
static void draw(struct progress *progress, double seconds, size_t done)
{
    progress_draw(progress, START + seconds, done, (double)done / (double)progress->total, done);
}

Test(progress_bar, shows_the_share_the_rate_and_the_time_left)
{
    const int master = terminal();
    struct progress progress = begun(1000);

    progress.unit = " shards";
    progress_draw(&progress, START + 100.0, 250, 0.25, 1000);
    const char *const text = drawn(master);
    cr_assert(strstr(text, "[##########                              ] 250 of 1000 shards, "), "%s",
              text);
    cr_assert(strstr(text, ", 10.0 images/s, 0:05:00 left"), "%s", text);
    progress_clear(&progress);
    cr_assert_str_eq(drawn(master), "\r\033[K");
    progress_clear(&progress);
    cr_assert_str_eq(drawn(master), "");
    count_checks(4);
}

Test(progress_bar, hours_are_shown_and_an_unknown_end_is_not)
{
    const int master = terminal();
    struct progress long_run = begun(10), at_the_start = begun(10);

    draw(&long_run, 1000.0, 1);
    cr_assert(strstr(drawn(master), "1 of 10, 0.0 images/s, 2:30:00 left"), "2.5 hours");
    draw(&at_the_start, 5.0, 0);
    const char *const text = drawn(master);
    cr_assert(strstr(text, "0 of 10, 0.0 images/s\033[K") && !strstr(text, "left"), "%s", text);
    count_checks(2);
}

Test(progress_bar, is_not_drawn_in_the_first_second_nor_too_often_nor_into_a_file)
{
    const int master = terminal();
    struct progress young = begun(10), often = begun(10), file = begun(10);

    draw(&young, 0.99, 5);
    cr_assert_str_eq(drawn(master), "");
    draw(&often, 60.0, 5);
    cr_assert(*drawn(master));
    draw(&often, 60.09, 6);
    cr_assert_str_eq(drawn(master), "");
    draw(&often, 60.11, 6);
    cr_assert(*drawn(master));
    file.terminal = false;
    draw(&file, 60.0, 5);
    cr_assert_str_eq(drawn(master), "");
    count_checks(5);
}

Test(progress_bar, is_of_the_present)
{
    const int master = terminal();
    struct progress images = begun(10), shards = begun(10);

    images.start = shards.start = now() - 3600.0; /* however slow this machine is */
    progress_update(&images, 5);
    cr_assert(strstr(drawn(master), "5 of 10, 0.0 images/s, 1:0"));
    progress_update_shards(&shards, 5, 0.5, 5);
    cr_assert(strstr(drawn(master), "5 of 10, 0.0 images/s, 1:0"));
    count_checks(2);
}
