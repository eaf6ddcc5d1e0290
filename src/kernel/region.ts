const REGION = /^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/

/** Whether a text has the form of a region's name. Every region that is named makes room for itself: names are held to it. */
export const isRegion = (text: string): boolean => REGION.test(text)
