/* Places as numbers: against known ones, and that a search finds exactly what a look at every place finds. */
#include "base/geohash.h"
#include "fixture.h"

#include <math.h>

static void known_places(void **state)
{
    struct geo_point palermo = {13.361389, 38.115556}, catania = {15.087269, 37.502669};
    char text[GEO_TEXT + 1] = {0};

    (void)state;
    assert_true(geo_encode(palermo) == UINT64_C(3479099956230698));
    assert_true(geo_encode(catania) == UINT64_C(3479447370796909));
    geo_text(geo_decode(3479099956230698), text);
    assert_string_equal(text, "sqc8b49rny0");
    assert_true(fabs(geo_distance(geo_decode(3479099956230698), geo_decode(3479447370796909)) - 166274.1516) <
                1e-4);
    assert_true(geo_distance(palermo, palermo) == 0);
}

/* Whatever ZADD may have put there. */
static void any_score_is_a_valid_place(void **state)
{
    static const double score[] = {0,         -1,     0.5,    -0.0,   1e300,   -1e300, INFINITY,
                                   -INFINITY, 0x1p52, 0x1p53, 0x1p63, -0x1p63, 0x1p64};

    (void)state;
    for (size_t i = 0; i < sizeof score / sizeof *score; i++)
        assert_true(geo_valid(geo_decode(score[i])));
}

static double between(struct random *r, double low, double high)
{
    return low + (high - low) * ((double)(random_next(r) >> 11) / 0x1p53);
}

static bool in_runs(const struct geo_run *run, size_t n, uint64_t bits)
{
    size_t hits = 0;

    for (size_t i = 0; i < n; i++)
        hits += bits >= run[i].first && bits < run[i].end;
    assert_true(hits <= 1);
    return hits;
}

/* Away from the poles, and from where the map's sides meet: what is there is found as in Redis, not always.
 */
static void nothing_inside_is_missed(void **state)
{
    struct random r;

    (void)state;
    random_seed(&r, 7);
    for (int i = 0; i < 2000; i++) {
        double size = pow(10, between(&r, 0, 7.5));
        struct geo_area a = {.centre = {between(&r, -180, 180), between(&r, -85, 85)}, .box = i % 2};
        struct geo_run run[GEO_RUNS];
        size_t n;

        a.radius = size;
        a.width = size * between(&r, 0.1, 2);
        a.height = size * between(&r, 0.1, 2);
        n = geo_runs(&a, run);
        assert_true(n >= 1 && n <= GEO_RUNS);
        for (int k = 0; k < 50; k++) {
            double spread = k % 2 ? size / 50000 : 360, distance;
            struct geo_point p = {a.centre.lon + between(&r, -spread, spread),
                                  a.centre.lat + between(&r, -spread, spread)};

            p.lon = remainder(p.lon, 360);
            if (!geo_valid(p))
                continue;
            p = geo_decode((double)geo_encode(p));
            if (geo_inside(&a, p, &distance))
                assert_true(in_runs(run, n, geo_encode(p)));
        }
    }
}

static void commands(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "GEOADD g 13.361389 38.115556 palermo 15.087269 37.502669 catania", ":2");
    expect(t, 0, "GEODIST g palermo catania km", "166.2742");
    expect(t, 0, "GEODIST g palermo none", "nil");
    expect(t, 0, "GEOHASH g palermo none", "[sqc8b49rny0 nil]");
    expect(t, 0, "GEOPOS g palermo none", "[[13.36138933897018433 38.11555639549629859] nil-array]");
    expect(t, 0, "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST",
           "[[catania 56.4413] [palermo 190.4424]]");
    expect(t, 0, "GEOSEARCHSTORE d g FROMMEMBER catania BYBOX 10 10 km STOREDIST", ":1");
    expect(t, 0, "ZRANGE d 0 -1 WITHSCORES", "[catania 0]");
    expect(t, 0, "GEORADIUS none 15 37 1 km STORE d", ":0");
    expect(t, 0, "EXISTS d", ":0");
    expect(t, 0, "GEOADD g 181 0 x", "-ERR invalid longitude,latitude pair 181.000000,0.000000");
    expect(t, 0, "GEOADD g NX XX 1 1 x", "-ERR syntax error");
    expect(t, 0, "COMMAND GETKEYS GEORADIUS a 1 2 3 m STORE b STOREDIST c", "[a c]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_places),
        cmocka_unit_test(any_score_is_a_valid_place),
        cmocka_unit_test(nothing_inside_is_missed),
        cmocka_unit_test_setup_teardown(commands, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
