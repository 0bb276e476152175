namespace Locutor.Generation.Compositing;

/// <summary>How far a head is moved in one frame. Lengths are shares of the side of the square around the face.</summary>
/// <param name="ShiftX">Shift of the head to the right.</param>
/// <param name="ShiftY">Shift of the head downwards.</param>
/// <param name="Roll">Rotation around the neck in radians, clockwise.</param>
/// <param name="Turn">Shift of the middle of the face to the right, beyond that of its outline, as when a head turns.</param>
/// <param name="Nod">Shift of the middle of the face downwards, as when a head nods.</param>
/// <param name="Breath">Lift of the shoulders.</param>
internal readonly record struct HeadPose(float ShiftX, float ShiftY, float Roll, float Turn, float Nod, float Breath);
