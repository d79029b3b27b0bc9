/* page.h - the page at /, whose source is page.html */
#ifndef VIT_SERVER_PAGE_H
#define VIT_SERVER_PAGE_H

#include <stddef.h>

/* The linker's names of a file that becomes an object. */
extern const char page[] __asm__("_binary_server_page_html_start");
extern const char page_end[] __asm__("_binary_server_page_html_end");

static inline size_t page_size(void)
{
    return (size_t)(page_end - page);
}

#endif
