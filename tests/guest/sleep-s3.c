/*
 * sleep-s3: puts the machine to sleep (S3) past the kernel, as a hostile guest may: writes SLP_TYP and SLP_EN to the
 * control register of ACPI's power management, PM1a_CNT.
 */
#include <stdio.h>
#include <sys/io.h>

#define PM1A_CNT 0x604
#define SLP_TYP_S3 (1 << 10)
#define SLP_EN (1 << 13)

int main(void)
{
    if (iopl(3) != 0) {
        perror("iopl");
        return 1;
    }
    outw(SLP_TYP_S3 | SLP_EN, PM1A_CNT);
    return 0;
}
