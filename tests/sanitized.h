/* sanitized.h - whether AddressSanitizer or ThreadSanitizer is in this build */
#ifndef VIT_TESTS_SANITIZED_H
#define VIT_TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#endif
