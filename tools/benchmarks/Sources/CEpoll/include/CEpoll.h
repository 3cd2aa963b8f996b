// epoll(7), which the Glibc module of the toolchain leaves out.
#ifndef CEPOLL_H
#define CEPOLL_H

#include <sys/epoll.h>

#endif
