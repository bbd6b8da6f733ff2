/*
 * disk-writer PATH RUN: writes numbered blocks to a disk (or a file) for ever and says which of them are durable.
 *
 * Block NUMBER goes to place NUMBER % BLOCKS. Once fdatasync has returned, its number is printed, a line each; a test
 * that has read the number may demand the block. The first line is "blocks BLOCKS"; the last says why writing ended.
 * tests/guest/guest.py knows the same layout of a block, little-endian:
 *   0 "DISKDOCK"   8 RUN   16 NUMBER   24 filler that depends on both   4092 CRC-32 of all before
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 4096

static uint32_t crc32(const uint8_t *bytes, size_t length)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void fill(uint8_t *block, uint64_t run, uint64_t number)
{
    uint64_t filler = run * 0x9e3779b97f4a7c15u + number + 1;
    memcpy(block, "DISKDOCK", 8);
    memcpy(block + 8, &run, 8);
    memcpy(block + 16, &number, 8);
    for (size_t at = 24; at < BLOCK; at += 8) {
        filler ^= filler << 13;
        filler ^= filler >> 7;
        filler ^= filler << 17;
        memcpy(block + at, &filler, 8);
    }
    uint32_t crc = crc32(block, BLOCK - 4);
    memcpy(block + BLOCK - 4, &crc, 4);
}

static int ended(const char *why)
{
    printf("ended: %s: %s\n", why, strerror(errno));
    return 1;
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: disk-writer PATH RUN\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    int disk = open(words[1], O_RDWR);
    if (disk < 0)
        return ended("open");
    off_t size = lseek(disk, 0, SEEK_END);
    if (size < BLOCK) {
        errno = ENOSPC;
        return ended("size");
    }
    uint64_t run = strtoull(words[2], NULL, 10), blocks = size / BLOCK;
    uint8_t block[BLOCK];
    printf("blocks %llu\n", (unsigned long long)blocks);
    for (uint64_t number = 0;; number++) {
        fill(block, run, number);
        if (pwrite(disk, block, BLOCK, number % blocks * BLOCK) != BLOCK)
            return ended("write");
        if (fdatasync(disk) != 0)
            return ended("fdatasync");
        printf("%llu\n", (unsigned long long)number);
    }
}
