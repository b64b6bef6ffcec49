/* base/geohash.c - see base/geohash.h. */
#include "base/geohash.h"

#include <math.h>

#define EARTH_RADIUS 6372797.560856 /* metres */
#define MERCATOR_MAX 20037726.37    /* half the length of the map's side */

/* --- bits --- */

/* Every bit of the lower half moves to twice its place. */
static uint64_t spread(uint32_t v)
{
    uint64_t x = v;

    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x << 2) & UINT64_C(0x3333333333333333);
    return (x | x << 1) & UINT64_C(0x5555555555555555);
}

static uint32_t gather(uint64_t x)
{
    x &= UINT64_C(0x5555555555555555);
    x = (x | x >> 1) & UINT64_C(0x3333333333333333);
    x = (x | x >> 2) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(x | x >> 16);
}

/* A cell: one of 2^step by 2^step. */
struct cell {
    uint32_t lat, lon;
};

static uint64_t cell_bits(struct cell c)
{
    return spread(c.lat) | spread(c.lon) << 1;
}

static struct cell cell_of(struct geo_point p, double lat_max, int step)
{
    double lat = (p.lat + lat_max) / (2 * lat_max), lon = (p.lon + GEO_LON_MAX) / (2 * GEO_LON_MAX);
    double cells = (double)(UINT64_C(1) << step);

    return (struct cell){(uint32_t)(lat * cells), (uint32_t)(lon * cells)};
}

struct bounds {
    double lat_min, lat_max, lon_min, lon_max;
};

static struct bounds cell_bounds(struct cell c, int step)
{
    double cells = (double)(UINT64_C(1) << step);
    double lat = 2 * GEO_LAT_MAX, lon = 2 * GEO_LON_MAX;

    return (struct bounds){
        -GEO_LAT_MAX + (c.lat * 1.0 / cells) * lat, -GEO_LAT_MAX + ((c.lat + 1) * 1.0 / cells) * lat,
        -GEO_LON_MAX + (c.lon * 1.0 / cells) * lon, -GEO_LON_MAX + ((c.lon + 1) * 1.0 / cells) * lon};
}

/* --- places --- */

uint64_t geo_encode(struct geo_point p)
{
    return cell_bits(cell_of(p, GEO_LAT_MAX, GEO_STEPS));
}

/* Members that ZADD put there may have any score. What a negative one comes to in Redis depends on its
 * processor. */
static uint64_t bits_of(double score)
{
    return score < 0 ? 0 : score < 0x1p64 ? (uint64_t)score : UINT64_MAX;
}

static double clip(double v, double most)
{
    return v > most ? most : v < -most ? -most : v;
}

struct geo_point geo_decode(double score)
{
    uint64_t bits = bits_of(score);
    struct bounds b = cell_bounds((struct cell){gather(bits), gather(bits >> 1)}, GEO_STEPS);

    return (struct geo_point){clip((b.lon_min + b.lon_max) / 2, GEO_LON_MAX),
                              clip((b.lat_min + b.lat_max) / 2, GEO_LAT_MAX)};
}

void geo_text(struct geo_point p, char text[GEO_TEXT])
{
    static const char letter[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t bits = cell_bits(cell_of(p, 90, GEO_STEPS)); /* as everybody else divides the latitude */

    for (int i = 0; i < GEO_TEXT - 1; i++)
        text[i] = letter[bits >> (52 - (i + 1) * 5) & 0x1f];
    text[GEO_TEXT - 1] = letter[0]; /* 52 bits are ten letters and a bit */
}

static double radians(double degrees)
{
    return degrees * (M_PI / 180);
}

static double degrees(double r)
{
    return r / (M_PI / 180);
}

static double lat_distance(double a, double b)
{
    return EARTH_RADIUS * fabs(radians(b) - radians(a));
}

/* The haversine formula. */
double geo_distance(struct geo_point a, struct geo_point b)
{
    double v = sin((radians(b.lon) - radians(a.lon)) / 2), u, lat1 = radians(a.lat), lat2 = radians(b.lat);

    if (v == 0)
        return lat_distance(a.lat, b.lat);
    u = sin((lat2 - lat1) / 2);
    return 2 * EARTH_RADIUS * asin(sqrt(u * u + cos(lat1) * cos(lat2) * v * v));
}

/* --- areas --- */

bool geo_inside(const struct geo_area *a, struct geo_point p, double *distance)
{
    if (a->box && (lat_distance(p.lat, a->centre.lat) > a->height / 2 ||
                   geo_distance(p, (struct geo_point){a->centre.lon, p.lat}) > a->width / 2))
        return false;
    *distance = geo_distance(a->centre, p);
    return a->box || *distance <= a->radius;
}

/* How fine the cells may be that an area is covered with by one and its neighbours. */
static int steps_for(double metres, double lat)
{
    int step = 1;

    if (metres == 0)
        return GEO_STEPS;
    while (metres < MERCATOR_MAX) {
        metres *= 2;
        step++;
    }
    step -= 2;
    if (lat > 66 || lat < -66)
        step -= lat > 80 || lat < -80 ? 2 : 1;
    return step < 1 ? 1 : step > GEO_STEPS ? GEO_STEPS : step;
}

static struct bounds area_bounds(const struct geo_area *a)
{
    double height = a->box ? a->height / 2 : a->radius, width = a->box ? a->width / 2 : a->radius;
    double lat = degrees(height / EARTH_RADIUS),
           at = a->centre.lat < 0 ? a->centre.lat - lat : a->centre.lat + lat;
    double lon =
        fabs(at) < 90 ? degrees(width / EARTH_RADIUS / cos(radians(at))) : 360; /* over a pole: all round */

    return (struct bounds){a->centre.lat - lat, a->centre.lat + lat, a->centre.lon - lon,
                           a->centre.lon + lon};
}

/* Round the world, and over the poles. A coordinate at the very end of the map is a cell of its own, which
 * only who is there, or beside it, looks into: so it is in Redis. */
static struct cell next_to(struct cell c, int north, int east, int step)
{
    uint32_t mask = (uint32_t)((UINT64_C(1) << step) - 1);

    if (north)
        c.lat = (c.lat + (uint32_t)north) & mask;
    if (east)
        c.lon = (c.lon + (uint32_t)east) & mask;
    return c;
}

/* The neighbours do not reach as far as the area, where it lies on the map. */
static bool too_fine(struct cell c, int step, const struct bounds *b)
{
    struct bounds cell = cell_bounds(c, step);
    double high = cell.lat_max - cell.lat_min, wide = cell.lon_max - cell.lon_min;

    return cell.lat_max + high < fmin(b->lat_max, GEO_LAT_MAX) ||
           cell.lat_min - high > fmax(b->lat_min, -GEO_LAT_MAX) || cell.lon_max + wide < b->lon_max ||
           cell.lon_min - wide > b->lon_min;
}

/* Nothing of the area is to be found in that direction. */
static bool useless(const struct bounds *cell, const struct bounds *b, int north, int east)
{
    return (north < 0 && cell->lat_min < b->lat_min) || (north > 0 && cell->lat_max > b->lat_max) ||
           (east < 0 && cell->lon_min < b->lon_min) || (east > 0 && cell->lon_max > b->lon_max);
}

static bool among(const struct geo_run *run, size_t n, uint64_t first)
{
    for (size_t i = 0; i < n; i++)
        if (run[i].first == first)
            return true;
    return false;
}

/* In Redis' order, which is that of an answer without ASC or DESC. */
size_t geo_runs(const struct geo_area *a, struct geo_run run[GEO_RUNS])
{
    static const struct {
        int north, east;
    } way[GEO_RUNS] = {{0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {1, -1}, {-1, 1}, {-1, -1}};
    struct bounds b = area_bounds(a), cell;
    int step =
        steps_for(a->box ? sqrt(a->width / 2 * (a->width / 2) + a->height / 2 * (a->height / 2)) : a->radius,
                  a->centre.lat);
    struct cell c = cell_of(a->centre, GEO_LAT_MAX, step);
    size_t n = 0;

    while (step > 1 && too_fine(c, step, &b))
        c = cell_of(a->centre, GEO_LAT_MAX, --step);
    cell = cell_bounds(c, step);
    for (size_t i = 0; i < GEO_RUNS; i++) {
        uint64_t bits = cell_bits(next_to(c, way[i].north, way[i].east, step));
        uint64_t first = bits << (2 * (GEO_STEPS - step));

        if ((step >= 2 && useless(&cell, &b, way[i].north, way[i].east)) || among(run, n, first))
            continue;
        run[n++] = (struct geo_run){first, first + (UINT64_C(1) << (2 * (GEO_STEPS - step)))};
    }
    return n;
}
