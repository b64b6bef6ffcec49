/* base/geohash.h - places on the globe as numbers of 52 bits, as Redis' geo commands make them: the bits of
 * latitude (even) and longitude (odd), interleaved, so that what is near is mostly near in number, too. */
#ifndef BASE_GEOHASH_H
#define BASE_GEOHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEO_LON_MAX 180.0
#define GEO_LAT_MAX 85.05112878 /* of a Mercator map that is a square */
#define GEO_STEPS   26          /* halvings of each coordinate in a full number */

struct geo_point {
    double lon, lat; /* degrees */
};

static inline bool geo_valid(struct geo_point p)
{
    return p.lon >= -GEO_LON_MAX && p.lon <= GEO_LON_MAX && p.lat >= -GEO_LAT_MAX && p.lat <= GEO_LAT_MAX;
}

uint64_t geo_encode(struct geo_point p);   /* of 52 bits; p is valid */
struct geo_point geo_decode(double score); /* the middle of its cell; of any score, a valid place */
double geo_distance(struct geo_point a, struct geo_point b); /* metres, on a sphere */
/* The 11 letters that other systems know a place by. */
#define GEO_TEXT 11
void geo_text(struct geo_point p, char text[GEO_TEXT]);

/* What is searched: all within `radius` of the centre, or in a box around it. Metres. */
struct geo_area {
    struct geo_point centre;
    bool box;
    double radius, width, height;
};
/* True when it lies inside; its distance from the centre. */
bool geo_inside(const struct geo_area *a, struct geo_point p, double *distance);
/* The runs of numbers, at most nine, in which all that is inside lies (with other places). No number is in
 * two of them. */
#define GEO_RUNS 9
struct geo_run {
    uint64_t first, end;
};
size_t geo_runs(const struct geo_area *a, struct geo_run run[GEO_RUNS]);

#endif
