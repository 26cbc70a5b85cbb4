/* Decodes one stream with the core compiled natively: for counting instructions, nothing else. */
#include "core.c"

#include <stdio.h>

int main(int count, char **arguments) {
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : 0;
    if (!file || fseek(file, 0, SEEK_END)) return 2;
    long size = ftell(file);
    uint8_t *data = malloc((size_t)size);
    rewind(file);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) return 2;
    int code = decoder_open(data, (uint32_t)size);
    while (code == DONE && next_section < container.sections) code = decoder_advance((uint32_t)size) == NEED_MORE ? DONE : 1;
    if (code == DONE) code = decoder_output();
    return code == DONE ? 0 : 1;
}
