/* SPDX-License-Identifier: Apache-2.0 */
#include "io/inflate.h"

#include <zlib.h>

#define CHUNK 16384

GByteArray *
msk_inflate(const uint8_t *data, size_t length, size_t limit)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    uint8_t chunk[CHUNK];
    z_stream stream = {0};
    int status = length <= UINT32_MAX ? inflateInit(&stream) : Z_DATA_ERROR;

    if (status != Z_OK) {
        return NULL;
    }
    stream.next_in = (uint8_t *) (uintptr_t) data; /* only read from */
    stream.avail_in = (uInt) length;
    while (status == Z_OK && out->len <= limit) {
        stream.next_out = chunk;
        stream.avail_out = sizeof chunk;
        status = inflate(&stream, Z_NO_FLUSH); /* without progress it is Z_BUF_ERROR */
        g_byte_array_append(out, chunk, (unsigned) (sizeof chunk - stream.avail_out));
    }
    (void) inflateEnd(&stream); /* frees it, whatever it says */
    return status == Z_STREAM_END && out->len <= limit ? g_steal_pointer(&out) : NULL;
}
