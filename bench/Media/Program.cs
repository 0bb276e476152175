using System.Diagnostics;
using Locutor.Media.Pictures;

// Times the resizing of a picture to a conditioning frame. Prints the best and the median of many runs, after warming up.
const int runs = 60;
(int Width, int Height, int ToWidth, int ToHeight)[] cases =
[
    (2560, 1440, 832, 480), (2560, 1440, 1280, 720), (1920, 1080, 832, 480), (4000, 6000, 480, 832), (458, 458, 640, 640)
];
foreach (var (width, height, toWidth, toHeight) in cases)
{
    byte[] rgb = new byte[3 * width * height];
    new Random(1).NextBytes(rgb);
    var picture = new Picture(width, height, rgb);
    for (int i = 0; i < runs / 2; i++) PictureResizer.ResizeToCover(picture, toHeight, toWidth);
    double[] milliseconds = new double[runs];
    for (int i = 0; i < runs; i++)
    {
        long start = Stopwatch.GetTimestamp();
        PictureResizer.ResizeToCover(picture, toHeight, toWidth);
        milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
    Array.Sort(milliseconds);
    Console.WriteLine($"{width}x{height} to {toWidth}x{toHeight}: best {milliseconds[0]:0.00} ms, median {milliseconds[runs / 2]:0.00} ms");
}
